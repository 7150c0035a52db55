-- Which default rules apply to apps' secrets, and how many of the apps that each applies to still have a secret?
SELECT rule.restrictionType, rule.state, rule.maxLifetime, rule.restrictForAppsCreatedAfterDateTime AS for_apps_since,
       (SELECT count(*) FROM aad.applications a WHERE len(a.passwordCredentials) > 0
        AND a.createdDateTime > rule.restrictForAppsCreatedAfterDateTime) AS apps_with_secrets
FROM aad.default_app_management_policy, unnest(applicationRestrictions.passwordCredentials) AS t(rule)
ORDER BY rule.state, rule.restrictionType;
