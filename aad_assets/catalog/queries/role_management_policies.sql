-- Which rules for activating roles were changed in the last 90 days, and by whom?
SELECT d.displayName AS role, p.lastModifiedDateTime, p.lastModifiedBy ->> '$.displayName' AS changed_by
FROM aad.role_management_policies p
JOIN aad.role_management_policy_assignments a ON a.policyId = p.id
LEFT JOIN aad.role_definitions d ON d.id = a.roleDefinitionId
WHERE p.lastModifiedDateTime > now() - INTERVAL 90 DAY
ORDER BY p.lastModifiedDateTime DESC;
