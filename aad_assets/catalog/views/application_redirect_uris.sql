WITH uris AS (
    SELECT _tenant_id, id, appId, displayName, signInAudience, 'web' AS platform, unnest(web.redirectUris) AS redirectUri
    FROM {schema}.applications
    UNION ALL
    SELECT _tenant_id, id, appId, displayName, signInAudience, 'spa', unnest(spa.redirectUris)
    FROM {schema}.applications
    UNION ALL
    SELECT _tenant_id, id, appId, displayName, signInAudience, 'publicClient', unnest(publicClient.redirectUris)
    FROM {schema}.applications
),
split AS (
    SELECT *, lower(nullif(regexp_extract(redirectUri, '^([A-Za-z][A-Za-z0-9+.-]*):', 1), '')) AS scheme
    FROM uris
    WHERE redirectUri IS NOT NULL
)
SELECT
    _tenant_id,
    id AS applicationId,
    platform,
    redirectUri,
    appId,
    displayName AS applicationDisplayName,
    scheme,
    CASE
        WHEN scheme IN ('http', 'https')
        THEN lower(nullif(regexp_extract(redirectUri, '^[^:]+://(?:[^/?#@]*@)?(\[[^\]]*\]|[^/?#:]*)', 1), ''))
    END AS host,
    signInAudience
FROM split
