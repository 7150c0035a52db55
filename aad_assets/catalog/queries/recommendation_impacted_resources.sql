-- Which objects have to be dealt with to complete each recommendation?
SELECT r.displayName AS recommendation, i.resourceType, i.displayName, i.owner, i.addedDateTime, i.portalUrl
FROM aad.recommendation_impacted_resources i
JOIN aad.recommendations r ON r.id = i.recommendationId
WHERE i.status = 'active'
ORDER BY recommendation, i.rank, i.displayName;
