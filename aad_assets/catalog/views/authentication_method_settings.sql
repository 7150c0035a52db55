WITH unnested AS (
    SELECT _tenant_id, unnest(authenticationMethodConfigurations) AS c
    FROM {schema}.authentication_methods_policy
),
configurations AS (
    SELECT _tenant_id, c ->> '$.id' AS method, c
    FROM unnested
    WHERE c IS NOT NULL
),
targets AS (
    SELECT _tenant_id, method, 'include' AS mode, unnest(json_extract(c, '$.includeTargets[*]')) AS t
    FROM configurations
    UNION ALL
    SELECT _tenant_id, method, 'exclude', unnest(json_extract(c, '$.excludeTargets[*]'))
    FROM configurations
),
identified AS (
    SELECT _tenant_id, method, mode, t ->> '$.id' AS id, t
    FROM targets
),
named AS (
    SELECT
        i.*,
        CASE WHEN i.id = 'all_users' THEN i.id ELSE coalesce(g.displayName, u.displayName) END AS name
    FROM identified AS i
    LEFT JOIN {schema}.groups AS g ON g._tenant_id = i._tenant_id AND g.id = i.id
    LEFT JOIN {schema}.users AS u ON u._tenant_id = i._tenant_id AND u.id = i.id
),
summaries AS (
    SELECT
        _tenant_id,
        method,
        bool_or(id = 'all_users') FILTER (mode = 'include') AS includesAllUsers,
        list(id ORDER BY id) FILTER (mode = 'include') AS includeTargetIds,
        list(name ORDER BY id) FILTER (mode = 'include') AS includeTargetNames,
        list(id ORDER BY id) FILTER (mode = 'exclude') AS excludeTargetIds,
        list(name ORDER BY id) FILTER (mode = 'exclude') AS excludeTargetNames,
        bool_or(TRY_CAST(t ->> '$.isRegistrationRequired' AS BOOLEAN)) FILTER (mode = 'include') AS isRegistrationRequired,
        bool_or(TRY_CAST(t ->> '$.isUsableForSignIn' AS BOOLEAN)) FILTER (mode = 'include') AS isUsableForSignIn
    FROM named
    GROUP BY ALL
)
SELECT
    c._tenant_id,
    c.method,
    nullif(regexp_extract(c.c ->> '$."@odata.type"', '^#microsoft\.graph\.(.+)AuthenticationMethodConfiguration$', 1), '')
        AS methodType,
    c.c ->> '$.displayName' AS displayName,
    c.c ->> '$.state' AS state,
    coalesce(s.includesAllUsers, false) AS includesAllUsers,
    s.includeTargetIds,
    s.includeTargetNames,
    s.excludeTargetIds,
    s.excludeTargetNames,
    s.isRegistrationRequired,
    s.isUsableForSignIn,
    TRY_CAST(c.c ->> '$.isSelfServiceRegistrationAllowed' AS BOOLEAN) AS isSelfServiceRegistrationAllowed,
    TRY_CAST(c.c ->> '$.isAttestationEnforced' AS BOOLEAN) AS isAttestationEnforced,
    TRY_CAST(c.c ->> '$.keyRestrictions.isEnforced' AS BOOLEAN) AS isKeyRestrictionEnforced,
    c.c ->> '$.featureSettings.displayAppInformationRequiredState.state' AS displayAppInformationState,
    c.c ->> '$.featureSettings.displayLocationInformationRequiredState.state' AS displayLocationInformationState,
    TRY_CAST(c.c ->> '$.isSoftwareOathEnabled' AS BOOLEAN) AS isSoftwareOathEnabled,
    TRY_CAST(c.c ->> '$.isUsableOnce' AS BOOLEAN) AS isUsableOnce,
    TRY_CAST(c.c ->> '$.defaultLifetimeInMinutes' AS INTEGER) AS defaultLifetimeInMinutes,
    TRY_CAST(c.c ->> '$.maximumLifetimeInMinutes' AS INTEGER) AS maximumLifetimeInMinutes,
    TRY_CAST(c.c ->> '$.isOfficePhoneAllowed' AS BOOLEAN) AS isOfficePhoneAllowed,
    c.c ->> '$.allowExternalIdToUseEmailOtp' AS allowExternalIdToUseEmailOtp,
    c.c ->> '$.authenticationModeConfiguration.x509CertificateAuthenticationDefaultMode' AS certificateAuthenticationMode,
    json_merge_patch(
        c.c, '{"@odata.type": null, "id": null, "displayName": null, "state": null, "includeTargets": null, "excludeTargets": null}'
    ) AS settings
FROM configurations AS c
LEFT JOIN summaries AS s ON s._tenant_id = c._tenant_id AND s.method = c.method
