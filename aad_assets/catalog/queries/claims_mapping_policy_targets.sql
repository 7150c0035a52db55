-- Which applications receive other claims than usual, and through which policy?
SELECT coalesce(s.displayName, a.displayName, t.targetId) AS app, t.targetType, p.displayName AS policy, p.definition
FROM aad.claims_mapping_policy_targets t
JOIN aad.claims_mapping_policies p ON p.id = t.policyId
LEFT JOIN aad.service_principals s ON s.id = t.targetId
LEFT JOIN aad.applications a ON a.id = t.targetId
ORDER BY app;
