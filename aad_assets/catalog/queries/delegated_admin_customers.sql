-- Which customers have no active delegated admin relationship any more?
SELECT c.displayName, c.tenantId
FROM aad.delegated_admin_customers c
ANTI JOIN (SELECT customer.tenantId AS tenantId FROM aad.delegated_admin_relationships WHERE status = 'active') r
  USING (tenantId)
ORDER BY c.displayName;
