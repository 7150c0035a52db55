WITH credentials AS (
    SELECT
        o._tenant_id, o.id, o.appId, o.displayName AS ownerDisplayName, 'secret' AS kind, c.keyId,
        c.displayName, c.startDateTime, c.endDateTime, NULL AS type, NULL AS usage, c.customKeyIdentifier
    FROM {schema}.applications AS o, unnest(o.passwordCredentials) AS credentials(c)
    WHERE c IS NOT NULL
    UNION ALL
    SELECT
        o._tenant_id, o.id, o.appId, o.displayName, 
        CASE WHEN c.type = 'Symmetric' THEN 'key' ELSE 'certificate' END, c.keyId,
        c.displayName, c.startDateTime, c.endDateTime, c.type, c.usage, c.customKeyIdentifier
    FROM {schema}.applications AS o, unnest(o.keyCredentials) AS credentials(c)
    WHERE c IS NOT NULL
)
SELECT
    _tenant_id,
    id AS applicationId,
    kind,
    keyId,
    appId,
    ownerDisplayName AS applicationDisplayName,
    displayName,
    startDateTime,
    endDateTime,
    type,
    usage,
    customKeyIdentifier
FROM credentials
