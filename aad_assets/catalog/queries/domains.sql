-- How do the users of each domain sign in, how many are there, and do their passwords expire?
SELECT d.id AS domain, d.isVerified, d.authenticationType, d.passwordValidityPeriodInDays, count(u.id) AS users
FROM aad.domains d
LEFT JOIN aad.users u ON lower(split_part(u.userPrincipalName, '@', 2)) = lower(d.id)
GROUP BY ALL
ORDER BY users DESC;
