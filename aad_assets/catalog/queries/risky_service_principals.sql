-- Apps that may be compromised, and what they are allowed to do as themselves.
SELECT r.displayName, r.riskLevel, r.riskState, a.resourceDisplayName AS api, count(*) AS permissions
FROM aad.risky_service_principals r
LEFT JOIN aad.app_role_assignments a ON a.principalId = r.id
WHERE r.riskState IN ('atRisk', 'confirmedCompromised')
GROUP BY ALL
ORDER BY r.displayName, permissions DESC;
