-- Which agent identities can sign in although none of their sponsors has an enabled account?
SELECT a.displayName AS agent, a.createdDateTime, list(u.displayName) FILTER (u.id IS NOT NULL) AS disabled_sponsors
FROM aad.service_principals a
LEFT JOIN aad.agent_identity_sponsors s ON s.agentIdentityId = a.id
LEFT JOIN aad.users u ON u.id = s.sponsorId
WHERE a.odataType = 'agentIdentity' AND a.accountEnabled
GROUP BY ALL
HAVING count(*) FILTER (u.accountEnabled OR s.sponsorType = 'group') = 0
ORDER BY agent;
