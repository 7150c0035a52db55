-- Which guests have no sponsor, or only sponsors whose account is disabled?
SELECT guest.displayName AS guest, guest.mail, guest.createdDateTime,
       list(u.displayName) FILTER (u.id IS NOT NULL) AS disabled_sponsors
FROM aad.users guest
LEFT JOIN aad.user_sponsors s ON s.userId = guest.id
LEFT JOIN aad.users u ON u.id = s.sponsorId
WHERE guest.userType = 'Guest' AND guest.accountEnabled
GROUP BY ALL
HAVING count(*) FILTER (u.accountEnabled OR s.sponsorType = 'group') = 0
ORDER BY guest.createdDateTime;
