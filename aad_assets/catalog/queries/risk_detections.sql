-- Which types of risk were detected in the last 30 days, from which countries, and for how many users?
SELECT riskEventType, location.countryOrRegion AS country, count(*) AS detections, count(DISTINCT userId) AS people,
       count(*) FILTER (riskState = 'atRisk') AS open
FROM aad.risk_detections
WHERE activityDateTime > now() - INTERVAL 30 DAY
GROUP BY ALL
ORDER BY open DESC, detections DESC;
