-- Which applications send users to a certain identity provider, or accept passwords of federated users?
SELECT coalesce(s.displayName, t.targetId) AS app, p.displayName AS policy,
       text ->> '$.HomeRealmDiscoveryPolicy.PreferredDomain' AS domain,
       text ->> '$.HomeRealmDiscoveryPolicy.AllowCloudPasswordValidation' AS accepts_passwords
FROM aad.home_realm_discovery_policy_targets t
JOIN aad.home_realm_discovery_policies p ON p.id = t.policyId
CROSS JOIN unnest(p.definition) AS d(text)
LEFT JOIN aad.service_principals s ON s.id = t.targetId
ORDER BY app;
