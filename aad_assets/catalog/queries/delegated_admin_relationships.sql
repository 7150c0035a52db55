-- Delegated administration that makes a partner Global Administrator of a customer, and until when.
SELECT displayName, customer.displayName AS customer, status, endDateTime, autoExtendDuration
FROM aad.delegated_admin_relationships, unnest(accessDetails.unifiedRoles) AS t(role)
WHERE role.roleDefinitionId = '62e90394-69f5-4237-9190-012177145e10' AND status = 'active'
ORDER BY endDateTime;
