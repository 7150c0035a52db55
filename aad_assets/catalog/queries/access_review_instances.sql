-- Which access reviews are running, how much has been reviewed, and how many days are left?
SELECT d.displayName, i.endDateTime, date_diff('day', now(), i.endDateTime) AS days_left, count(*) AS to_decide,
       count(*) FILTER (x.decision <> 'NotReviewed') AS decided
FROM aad.access_review_instances i
JOIN aad.access_review_definitions d ON d.id = i.definitionId
JOIN aad.access_review_decisions x ON x.definitionId = i.definitionId AND x.instanceId = i.id
WHERE i.status = 'InProgress'
GROUP BY ALL
ORDER BY i.endDateTime;
