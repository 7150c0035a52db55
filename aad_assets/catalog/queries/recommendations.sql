-- Which of Microsoft's recommendations are open, and which of them are urgent?
SELECT priority, displayName, impactType, currentScore, maxScore, insights, lastCheckedDateTime
FROM aad.recommendations
WHERE status = 'active'
ORDER BY array_position(['high', 'medium', 'low'], priority), maxScore - currentScore DESC;
