-- Which agents are at risk, can they still sign in, and who are their sponsors?
SELECT r.agentDisplayName AS agent, r.identityType, r.riskLevel, r.riskState, r.riskLastModifiedDateTime, r.isEnabled,
       list(u.displayName) FILTER (u.id IS NOT NULL) AS sponsors
FROM aad.risky_agents r
LEFT JOIN aad.agent_identity_sponsors s ON s.agentIdentityId = r.id
LEFT JOIN aad.users u ON u.id = s.sponsorId
WHERE r.riskState IN ('atRisk', 'confirmedCompromised') AND NOT r.isDeleted
GROUP BY ALL
ORDER BY array_position(['high', 'medium', 'low'], any_value(r.riskLevel)), agent;
