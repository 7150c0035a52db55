WITH credentials AS (
    SELECT
        o._tenant_id, o.id, o.appId, o.displayName AS ownerDisplayName, o.servicePrincipalType, o.accountEnabled, 'secret' AS kind, c.keyId,
        c.displayName, c.startDateTime, c.endDateTime, NULL AS type, NULL AS usage, c.customKeyIdentifier
    FROM {schema}.service_principals AS o, unnest(o.passwordCredentials) AS credentials(c)
    WHERE c IS NOT NULL
    UNION ALL
    SELECT
        o._tenant_id, o.id, o.appId, o.displayName, o.servicePrincipalType, o.accountEnabled, 
        CASE WHEN c.type = 'Symmetric' THEN 'key' ELSE 'certificate' END, c.keyId,
        c.displayName, c.startDateTime, c.endDateTime, c.type, c.usage, c.customKeyIdentifier
    FROM {schema}.service_principals AS o, unnest(o.keyCredentials) AS credentials(c)
    WHERE c IS NOT NULL
)
SELECT
    _tenant_id,
    id AS servicePrincipalId,
    kind,
    keyId,
    appId,
    ownerDisplayName AS servicePrincipalDisplayName,
    servicePrincipalType,
    accountEnabled,
    displayName,
    startDateTime,
    endDateTime,
    type,
    usage,
    customKeyIdentifier
FROM credentials
