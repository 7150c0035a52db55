-- Which users are excluded from enforced policies, and is each exclusion still intended?
SELECT p.displayName AS policy, u.displayName AS left_out, u.userPrincipalName, u.accountEnabled
FROM aad.conditional_access_policies p, unnest(p.conditions.users.excludeUsers) AS t(userId)
JOIN aad.users u ON u.id = userId
WHERE p.state = 'enabled'
ORDER BY policy, left_out;
