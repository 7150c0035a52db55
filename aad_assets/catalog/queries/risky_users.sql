-- Users at risk who hold a directory role: look at these first.
SELECT r.userPrincipalName, r.riskLevel, r.riskDetail, r.riskLastUpdatedDateTime, d.displayName AS role
FROM aad.risky_users r
JOIN aad.role_assignments a ON a.principalId = r.id
JOIN aad.role_definitions d ON d.id = a.roleDefinitionId
WHERE r.riskState IN ('atRisk', 'confirmedCompromised')
ORDER BY CASE r.riskLevel WHEN 'high' THEN 0 WHEN 'medium' THEN 1 ELSE 2 END, r.riskLastUpdatedDateTime DESC;
