-- What happens to guests when their last access package ends, and how many guests hold one now?
SELECT s.externalUserLifecycleAction AS action, s.durationUntilExternalUserDeletedAfterBlocked AS deleted_after,
       (SELECT count(DISTINCT u.id) FROM aad.access_package_assignments a
        JOIN aad.users u ON u.id = a.targetObjectId
        WHERE a.state = 'delivered' AND u.userType = 'Guest') AS guests
FROM aad.entitlement_management_settings s;
