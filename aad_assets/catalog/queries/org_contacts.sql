-- Which mail contacts are also guests, so that they appear twice in the address book?
SELECT c.displayName AS contact, c.mail, c.companyName, u.userPrincipalName AS guest, c.onPremisesSyncEnabled
FROM aad.org_contacts c
JOIN aad.users u ON lower(u.mail) = lower(c.mail)
WHERE u.userType = 'Guest'
ORDER BY c.companyName, c.displayName;
