-- Can guests leave by themselves, and how many guests does this concern?
SELECT p.allowExternalIdentitiesToLeave AS may_leave, p.allowDeletedIdentitiesDataRemoval AS may_request_removal,
       (SELECT count(*) FROM aad.users WHERE userType = 'Guest') AS guests
FROM aad.external_identities_policy p;
