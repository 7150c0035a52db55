-- Which applications are exempt from the default restrictions on credentials, and what applies to them?
SELECT coalesce(a.displayName, s.displayName, t.targetId) AS app, p.displayName AS policy, p.isEnabled,
       restriction.restrictionType, restriction.state, restriction.maxLifetime
FROM aad.app_management_policy_targets t
JOIN aad.app_management_policies p ON p.id = t.policyId
LEFT JOIN unnest(p.restrictions.passwordCredentials) AS r(restriction) ON true
LEFT JOIN aad.applications a ON a.id = t.targetId
LEFT JOIN aad.service_principals s ON s.id = t.targetId
ORDER BY app, policy;
