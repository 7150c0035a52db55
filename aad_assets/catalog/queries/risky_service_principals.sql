-- Which apps may be compromised, and how many permissions do they have on which APIs?
SELECT r.displayName, r.riskLevel, r.riskState, a.resourceDisplayName AS api, count(a.id) AS permissions
FROM aad.risky_service_principals r
LEFT JOIN aad.app_role_assignments a ON a.principalId = r.id
WHERE r.riskState IN ('atRisk', 'confirmedCompromised')
GROUP BY ALL
ORDER BY permissions DESC, r.displayName;
