-- Which stages of access reviews are in progress, and when do they end?
SELECT d.displayName AS review, s.id AS stage, s.startDateTime, s.endDateTime, s.endDateTime - now() AS still_for,
       [reviewer.query FOR reviewer IN s.reviewers] AS reviewers
FROM aad.access_review_stages s
JOIN aad.access_review_definitions d ON d.id = s.definitionId
WHERE s.status = 'InProgress'
ORDER BY s.endDateTime;
