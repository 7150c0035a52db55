-- Which roles do the partner's security groups hold through relationships that are active?
SELECT r.customer.displayName AS customer, r.displayName AS relationship,
       coalesce(g.displayName, a.accessContainer.accessContainerId) AS "group",
       coalesce(d.displayName, role.roleDefinitionId) AS role, a.status, r.endDateTime
FROM aad.delegated_admin_access_assignments a
CROSS JOIN unnest(a.accessDetails.unifiedRoles) AS t(role)
JOIN aad.delegated_admin_relationships r ON r.id = a.relationshipId
LEFT JOIN aad.groups g ON g.id = a.accessContainer.accessContainerId
LEFT JOIN aad.role_definitions d ON d.templateId = role.roleDefinitionId
WHERE r.status = 'active'
ORDER BY customer, relationship, role;
