-- Which tenants may synchronize their users into this one, and do invitations redeem themselves?
SELECT s.displayName, s.tenantId, s.userSyncInbound.isSyncAllowed AS may_synchronize,
       p.automaticUserConsentSettings.inboundAllowed AS redeemed_automatically,
       p.inboundTrust.isMfaAccepted AS their_mfa_counts
FROM aad.cross_tenant_identity_synchronization s
LEFT JOIN aad.cross_tenant_access_partners p USING (tenantId)
ORDER BY may_synchronize DESC, s.displayName;
