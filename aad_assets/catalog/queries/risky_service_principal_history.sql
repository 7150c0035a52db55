-- How did the risk of each service principal develop, and which events changed it?
SELECT h.displayName, h.riskLastUpdatedDateTime, h.riskLevel, h.riskState, h.riskDetail, h.activity.riskEventTypes AS events,
       r.riskState AS state_now
FROM aad.risky_service_principal_history h
LEFT JOIN aad.risky_service_principals r ON r.id = h.riskyServicePrincipalId
ORDER BY h.displayName, h.riskLastUpdatedDateTime DESC;
