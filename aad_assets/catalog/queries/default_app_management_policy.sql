-- The tenant's rules for the secrets of apps, and how many apps that each applies to have a secret all the same.
SELECT rule.restrictionType, rule.state, rule.maxLifetime, rule.restrictForAppsCreatedAfterDateTime AS for_apps_since,
       (SELECT count(*) FROM aad.applications a WHERE len(a.passwordCredentials) > 0
        AND a.createdDateTime > rule.restrictForAppsCreatedAfterDateTime) AS apps_with_secrets
FROM aad.default_app_management_policy, unnest(applicationRestrictions.passwordCredentials) AS t(rule)
ORDER BY rule.state, rule.restrictionType;
