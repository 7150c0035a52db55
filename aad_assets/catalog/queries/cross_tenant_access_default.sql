-- By default, is MFA of other tenants trusted, and is inbound or outbound access allowed?
SELECT inboundTrust.isMfaAccepted AS their_mfa_counts, inboundTrust.isCompliantDeviceAccepted AS their_devices_count,
       b2bCollaborationInbound ->> '$.usersAndGroups.accessType' AS guests_in,
       b2bCollaborationOutbound ->> '$.usersAndGroups.accessType' AS guests_out,
       b2bDirectConnectInbound ->> '$.usersAndGroups.accessType' AS direct_connect_in, isServiceDefault
FROM aad.cross_tenant_access_default;
