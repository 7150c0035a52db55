-- Domains, how their users sign in, how many there are, and whether their passwords ever expire.
SELECT d.id AS domain, d.isVerified, d.authenticationType, d.passwordValidityPeriodInDays, count(u.id) AS users
FROM aad.domains d
LEFT JOIN aad.users u ON lower(split_part(u.userPrincipalName, '@', 2)) = lower(d.id)
GROUP BY ALL
ORDER BY users DESC;
