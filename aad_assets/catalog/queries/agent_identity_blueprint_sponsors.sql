-- Which blueprints of agent identities have no sponsor, or only sponsors who have left?
SELECT b.displayName AS blueprint, b.appId, count(s.sponsorId) AS sponsors
FROM aad.applications b
LEFT JOIN aad.agent_identity_blueprint_sponsors s ON s.blueprintId = b.id
LEFT JOIN aad.users u ON u.id = s.sponsorId
WHERE b.odataType = 'agentIdentityBlueprint'
GROUP BY ALL
HAVING count(*) FILTER (u.accountEnabled OR s.sponsorType = 'group') = 0
ORDER BY blueprint;
