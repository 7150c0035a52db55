-- Is directory synchronization up to date, and who receives Microsoft's technical notifications?
SELECT displayName, tenantType, onPremisesSyncEnabled, now() - onPremisesLastSyncDateTime AS last_synchronized_ago,
       technicalNotificationMails, securityComplianceNotificationMails
FROM aad.organization;
