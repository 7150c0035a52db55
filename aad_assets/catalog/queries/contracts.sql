-- Which customers of this partner tenant have no active granular delegated admin relationship?
SELECT c.displayName, c.defaultDomainName, c.contractType
FROM aad.contracts c
WHERE NOT EXISTS (
    SELECT 1 FROM aad.delegated_admin_relationships r WHERE r.customer.tenantId = c.customerId AND r.status = 'active'
)
ORDER BY c.displayName;
