-- Mail contacts that are guests, too: the address book shows these people twice.
SELECT c.displayName AS contact, c.mail, c.companyName, u.userPrincipalName AS guest, c.onPremisesSyncEnabled
FROM aad.org_contacts c
JOIN aad.users u ON lower(u.mail) = lower(c.mail)
WHERE u.userType = 'Guest'
ORDER BY c.companyName, c.displayName;
