-- Which delegated admin relationships are active, how many roles do they grant, and until when?
SELECT displayName, customer.displayName AS customer, count(*) AS roles,
       bool_or(role.roleDefinitionId = '62e90394-69f5-4237-9190-012177145e10') AS global_administrator,
       endDateTime, autoExtendDuration
FROM aad.delegated_admin_relationships, unnest(accessDetails.unifiedRoles) AS t(role)
WHERE status = 'active'
GROUP BY ALL
ORDER BY global_administrator DESC, endDateTime;
