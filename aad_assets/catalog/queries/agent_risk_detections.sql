-- Which risks were detected for agents in the last 30 days, and with what evidence?
SELECT activityDateTime, agentDisplayName AS agent, riskEventType, riskLevel, riskState, riskEvidence,
       signInClientDisplayName AS client
FROM aad.agent_risk_detections
WHERE activityDateTime > now() - INTERVAL 30 DAY
ORDER BY activityDateTime DESC;
