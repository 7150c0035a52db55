-- Which access reviews do not apply their result automatically, or approve everything that nobody reviewed?
SELECT displayName, status, settings.autoApplyDecisionsEnabled AS applied, settings.defaultDecision AS unanswered_means,
       settings.recurrence.pattern.type AS recurs, createdBy ->> '$.displayName' AS created_by
FROM aad.access_review_definitions
WHERE NOT settings.autoApplyDecisionsEnabled OR (settings.defaultDecisionEnabled AND settings.defaultDecision = 'Approve')
ORDER BY displayName;
