-- For which groups can membership or ownership be activated without approval?
SELECT g.displayName AS "group", a.roleDefinitionId AS as_what, g.isAssignableToRole AS can_hold_roles
FROM aad.group_role_management_policy_assignments a
JOIN aad.group_role_management_policies p ON p.id = a.policyId
CROSS JOIN unnest(p.rules) AS t(rule)
LEFT JOIN aad.groups g ON g.id = a.scopeId
WHERE (rule ->> '$.id') = 'Approval_EndUser_Assignment' AND (rule ->> '$.setting.isApprovalRequired') = 'false'
ORDER BY can_hold_roles DESC, "group", as_what;
