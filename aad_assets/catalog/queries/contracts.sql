-- Customers of this partner tenant without an active relationship of granular delegated administration.
SELECT c.displayName, c.defaultDomainName, c.contractType
FROM aad.contracts c
WHERE NOT EXISTS (
    SELECT 1 FROM aad.delegated_admin_relationships r WHERE r.customer.tenantId = c.customerId AND r.status = 'active'
)
ORDER BY c.displayName;
