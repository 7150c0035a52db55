-- Which groups grant roles or licences, and does a rule decide on their members?
SELECT displayName, isAssignableToRole AS holds_roles, len(assignedLicenses) AS licences, membershipRule,
       onPremisesSyncEnabled AS synchronized
FROM aad.groups
WHERE isAssignableToRole OR len(assignedLicenses) > 0
ORDER BY holds_roles DESC, displayName;
