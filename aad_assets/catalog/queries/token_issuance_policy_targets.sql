-- Which applications receive SAML tokens that are signed in another way than usual?
SELECT coalesce(a.displayName, t.targetId) AS app, p.displayName AS policy,
       text ->> '$.TokenIssuancePolicy.TokenResponseSigningPolicy' AS signs,
       text ->> '$.TokenIssuancePolicy.SigningAlgorithm' AS algorithm
FROM aad.token_issuance_policy_targets t
JOIN aad.token_issuance_policies p ON p.id = t.policyId
CROSS JOIN unnest(p.definition) AS d(text)
LEFT JOIN aad.applications a ON a.id = t.targetId
ORDER BY app;
