WITH secrets AS (
    SELECT _tenant_id, id, appId, displayName, servicePrincipalType, accountEnabled, unnest(passwordCredentials) AS c
    FROM {schema}.service_principals
),
keys AS (
    SELECT _tenant_id, id, appId, displayName, servicePrincipalType, accountEnabled, unnest(keyCredentials) AS c
    FROM {schema}.service_principals
)
SELECT
    _tenant_id,
    id AS servicePrincipalId,
    'secret' AS kind,
    c.keyId AS keyId,
    appId,
    displayName AS servicePrincipalDisplayName,
    servicePrincipalType,
    accountEnabled,
    c.displayName AS displayName,
    c.startDateTime AS startDateTime,
    c.endDateTime AS endDateTime,
    NULL AS type,
    NULL AS usage,
    c.customKeyIdentifier AS customKeyIdentifier
FROM secrets
WHERE c IS NOT NULL
UNION ALL
SELECT
    _tenant_id,
    id,
    CASE WHEN c.type = 'Symmetric' THEN 'key' ELSE 'certificate' END,
    c.keyId,
    appId,
    displayName,
    servicePrincipalType,
    accountEnabled,
    c.displayName,
    c.startDateTime,
    c.endDateTime,
    c.type,
    c.usage,
    c.customKeyIdentifier
FROM keys
WHERE c IS NOT NULL
