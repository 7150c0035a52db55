-- Does synchronization from Active Directory keep up, and who gets Microsoft's technical notices?
SELECT displayName, tenantType, onPremisesSyncEnabled, now() - onPremisesLastSyncDateTime AS last_synchronized_ago,
       technicalNotificationMails, securityComplianceNotificationMails
FROM aad.organization;
