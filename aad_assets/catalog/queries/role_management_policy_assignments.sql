-- Which roles can be activated under rules that were never changed from Microsoft's defaults?
SELECT d.displayName AS role, count(e.id) AS eligible
FROM aad.role_management_policy_assignments a
JOIN aad.role_management_policies p ON p.id = a.policyId AND p.lastModifiedDateTime IS NULL
JOIN aad.role_definitions d ON d.id = a.roleDefinitionId
JOIN aad.role_eligibility_schedule_instances e ON e.roleDefinitionId = d.id
GROUP BY role
ORDER BY eligible DESC;
