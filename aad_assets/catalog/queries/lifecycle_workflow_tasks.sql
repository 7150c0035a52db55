-- What does each enabled lifecycle workflow do, in which order?
SELECT w.category, w.displayName AS workflow, t.executionSequence AS step, t.displayName AS task, t.continueOnError,
       [argument.name || ' = ' || argument.value FOR argument IN t.arguments] AS arguments
FROM aad.lifecycle_workflow_tasks t
JOIN aad.lifecycle_workflows w ON w.id = t.workflowId
WHERE w.isEnabled AND t.isEnabled
ORDER BY w.category, workflow, step;
