-- Partner tenants whose sign-ins and devices are trusted like our own.
SELECT tenantId, isServiceProvider, isInMultiTenantOrganization, inboundTrust.isMfaAccepted AS their_mfa_counts,
       inboundTrust.isCompliantDeviceAccepted AS their_devices_count, automaticUserConsentSettings.inboundAllowed AS no_prompt
FROM aad.cross_tenant_access_partners
WHERE inboundTrust.isMfaAccepted OR inboundTrust.isCompliantDeviceAccepted OR automaticUserConsentSettings.inboundAllowed
ORDER BY tenantId;
