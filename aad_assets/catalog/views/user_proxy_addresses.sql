WITH addresses AS (
    SELECT _tenant_id, id, userPrincipalName, displayName, accountEnabled, mail, unnest(proxyAddresses) AS proxyAddress
    FROM {schema}.users
),
prefixed AS (
    -- `SMTP:anna@contoso.com`. An X.500 address can contain further colons.
    SELECT *, nullif(regexp_extract(proxyAddress, '^([A-Za-z0-9]+):', 1), '') AS prefix
    FROM addresses
    WHERE proxyAddress IS NOT NULL
),
split AS (
    SELECT
        *,
        lower(prefix) AS protocol,
        CASE WHEN prefix IS NULL THEN proxyAddress ELSE substr(proxyAddress, length(prefix) + 2) END AS address
    FROM prefixed
)
SELECT
    _tenant_id,
    id AS userId,
    proxyAddress,
    protocol,
    address,
    CASE WHEN protocol IN ('smtp', 'sip') AND contains(address, '@') THEN lower(split_part(address, '@', -1)) END AS domain,
    prefix IS NOT NULL AND prefix = upper(prefix) AS isPrimary,
    userPrincipalName,
    displayName AS userDisplayName,
    accountEnabled,
    mail
FROM split
