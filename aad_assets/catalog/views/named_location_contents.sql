WITH ranges AS (
    SELECT *, unnest(ipRanges) AS r
    FROM {schema}.named_locations
),
contents AS (
    SELECT
        _tenant_id, id, displayName, isTrusted, countryLookupMethod,
        'ipRange' AS kind,
        coalesce(r ->> '$.cidrAddress', concat_ws('-', r ->> '$.lowerAddress', r ->> '$.upperAddress')) AS value
    FROM ranges
    WHERE r IS NOT NULL
    UNION ALL
    SELECT _tenant_id, id, displayName, isTrusted, countryLookupMethod, 'country', unnest(countriesAndRegions)
    FROM {schema}.named_locations
    UNION ALL
    SELECT _tenant_id, id, displayName, isTrusted, countryLookupMethod, 'country', 'unknown'
    FROM {schema}.named_locations
    WHERE includeUnknownCountriesAndRegions
)
SELECT
    _tenant_id,
    id AS locationId,
    kind,
    value,
    displayName AS locationDisplayName,
    isTrusted,
    countryLookupMethod
FROM contents
WHERE value <> ''
