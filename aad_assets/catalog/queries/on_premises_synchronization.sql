-- Could an account of Active Directory take over one of the cloud, and would a mass deletion be stopped?
SELECT features.blockSoftMatchEnabled AS soft_match_blocked,
       features.blockCloudObjectTakeoverThroughHardMatchEnabled AS hard_match_blocked,
       features.passwordSyncEnabled AS password_hashes_synchronized,
       configuration.accidentalDeletionPrevention.synchronizationPreventionType AS deletion_prevention,
       configuration.accidentalDeletionPrevention.alertThreshold AS deletions_allowed
FROM aad.on_premises_synchronization;
