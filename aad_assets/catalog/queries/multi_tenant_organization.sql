-- Which multitenant organization does this tenant belong to, and how many tenants are in it?
SELECT o.displayName, o.state, o.createdDateTime, count(t.tenantId) AS tenants,
       count(t.tenantId) FILTER (t.state = 'pending') AS pending
FROM aad.multi_tenant_organization o
LEFT JOIN aad.multi_tenant_organization_tenants t ON true
GROUP BY ALL;
