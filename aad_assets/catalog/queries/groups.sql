-- Groups that give more than membership: which hold roles or licences, and are their members chosen by a rule?
SELECT displayName, isAssignableToRole AS holds_roles, len(assignedLicenses) AS licences, membershipRule,
       onPremisesSyncEnabled AS synchronized
FROM aad.groups
WHERE isAssignableToRole OR len(assignedLicenses) > 0
ORDER BY holds_roles DESC, displayName;
