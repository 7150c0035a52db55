-- Which access was denied by a reviewer but not removed?
SELECT d.displayName AS review, x.principal ->> '$.displayName' AS who, x.resource ->> '$.displayName' AS access_to,
       x.reviewedBy ->> '$.displayName' AS reviewer, x.justification, x.applyResult
FROM aad.access_review_decisions x
JOIN aad.access_review_definitions d ON d.id = x.definitionId
WHERE x.decision = 'Deny' AND x.applyResult NOT IN ('AppliedSuccessfully', 'AppliedSuccessfullyButObjectNotFound')
ORDER BY review, who;
