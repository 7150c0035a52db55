-- Who is responsible for the agents of each blueprint, and how many agents does it have?
SELECT b.displayName AS blueprint, coalesce(u.displayName, g.displayName, s.sponsorId) AS sponsor, u.accountEnabled,
       (SELECT count(*) FROM aad.service_principals a WHERE a.agentIdentityBlueprintId = b.appId) AS agents
FROM aad.agent_identity_blueprint_principal_sponsors s
JOIN aad.service_principals b ON b.id = s.blueprintPrincipalId
LEFT JOIN aad.users u ON u.id = s.sponsorId
LEFT JOIN aad.groups g ON g.id = s.sponsorId
ORDER BY blueprint, sponsor;
