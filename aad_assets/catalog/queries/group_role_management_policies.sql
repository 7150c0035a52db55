-- For which groups were the rules of activation changed in the last 90 days, and by whom?
SELECT g.displayName AS "group", a.roleDefinitionId AS as_what, p.lastModifiedDateTime,
       p.lastModifiedBy ->> '$.displayName' AS changed_by
FROM aad.group_role_management_policies p
LEFT JOIN aad.group_role_management_policy_assignments a ON a.policyId = p.id
LEFT JOIN aad.groups g ON g.id = p.scopeId
WHERE p.lastModifiedDateTime > now() - INTERVAL 90 DAY
ORDER BY p.lastModifiedDateTime DESC;
