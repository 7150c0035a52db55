-- Which rules do app management policies set in place of the default, and is the default on?
SELECT e.displayName, e.isEnabled, rule.restrictionType, rule.state, rule.maxLifetime, d.isEnabled AS default_enabled
FROM aad.app_management_policies e, unnest(e.restrictions.passwordCredentials) AS t(rule), aad.default_app_management_policy d
ORDER BY rule.state, e.displayName;
