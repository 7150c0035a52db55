-- Which reviewers were asked in reviews that are in progress, and have decided nothing yet?
SELECT d.displayName AS review, r.displayName AS reviewer, r.userPrincipalName, i.endDateTime
FROM aad.access_review_contacted_reviewers r
JOIN aad.access_review_instances i ON i.definitionId = r.definitionId AND i.id = r.instanceId
JOIN aad.access_review_definitions d ON d.id = r.definitionId
ANTI JOIN aad.access_review_decisions x
  ON x.definitionId = r.definitionId AND x.instanceId = r.instanceId AND (x.reviewedBy ->> '$.id') = r.id
WHERE i.status = 'InProgress'
ORDER BY i.endDateTime, reviewer;
