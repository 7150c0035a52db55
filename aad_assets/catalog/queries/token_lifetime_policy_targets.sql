-- Which applications get tokens with another lifetime than usual, and how long do these live?
SELECT coalesce(s.displayName, a.displayName, t.targetId) AS app, p.displayName AS policy,
       text ->> '$.TokenLifetimePolicy.AccessTokenLifetime' AS access_token_lifetime
FROM aad.token_lifetime_policy_targets t
JOIN aad.token_lifetime_policies p ON p.id = t.policyId
CROSS JOIN unnest(p.definition) AS d(text)
LEFT JOIN aad.service_principals s ON s.id = t.targetId
LEFT JOIN aad.applications a ON a.id = t.targetId
ORDER BY app;
