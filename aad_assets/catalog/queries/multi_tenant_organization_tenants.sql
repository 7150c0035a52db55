-- Which tenants of the multitenant organization may synchronize users into this one, and which are pending?
SELECT t.displayName, t.tenantId, t.role, t.state, t.joinedDateTime, t.transitionDetails.status AS change,
       s.userSyncInbound.isSyncAllowed AS may_synchronize
FROM aad.multi_tenant_organization_tenants t
LEFT JOIN aad.cross_tenant_identity_synchronization s USING (tenantId)
ORDER BY t.role DESC, t.displayName;
