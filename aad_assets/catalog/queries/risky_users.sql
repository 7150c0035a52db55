-- Which users are at risk? Those who hold a directory role come first.
SELECT r.userPrincipalName, r.riskLevel, r.riskDetail, r.riskLastUpdatedDateTime,
       list(d.displayName) FILTER (d.id IS NOT NULL) AS roles
FROM aad.risky_users r
LEFT JOIN aad.role_assignments a ON a.principalId = r.id
LEFT JOIN aad.role_definitions d ON d.id = a.roleDefinitionId
WHERE r.riskState IN ('atRisk', 'confirmedCompromised')
GROUP BY ALL
ORDER BY count(d.id) DESC, r.riskLastUpdatedDateTime DESC;
