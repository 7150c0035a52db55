-- Which partner tenants are trusted for MFA or devices, or exempt from the consent prompt?
SELECT tenantId, isServiceProvider, isInMultiTenantOrganization, inboundTrust.isMfaAccepted AS their_mfa_counts,
       inboundTrust.isCompliantDeviceAccepted AS their_devices_count, automaticUserConsentSettings.inboundAllowed AS no_prompt
FROM aad.cross_tenant_access_partners
WHERE inboundTrust.isMfaAccepted OR inboundTrust.isCompliantDeviceAccepted OR automaticUserConsentSettings.inboundAllowed
ORDER BY tenantId;
