-- Can an Active Directory account take over a cloud account, and is a mass deletion blocked?
SELECT features.blockSoftMatchEnabled AS soft_match_blocked,
       features.blockCloudObjectTakeoverThroughHardMatchEnabled AS hard_match_blocked,
       features.passwordSyncEnabled AS password_hashes_synchronized,
       configuration.accidentalDeletionPrevention.synchronizationPreventionType AS deletion_prevention,
       configuration.accidentalDeletionPrevention.alertThreshold AS deletions_allowed
FROM aad.on_premises_synchronization;
