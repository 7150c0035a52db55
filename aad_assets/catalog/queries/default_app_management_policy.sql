-- Apps with secrets although the tenant's policy forbids new ones: how old are they?
SELECT a.displayName, rule.restrictionType, rule.maxLifetime, min(secret.startDateTime) AS oldest_secret
FROM aad.default_app_management_policy p, unnest(p.applicationRestrictions.passwordCredentials) AS r(rule),
     aad.applications a, unnest(a.passwordCredentials) AS s(secret)
WHERE p.isEnabled AND rule.state = 'enabled' AND rule.restrictionType = 'passwordAddition'
GROUP BY ALL
ORDER BY oldest_secret;
