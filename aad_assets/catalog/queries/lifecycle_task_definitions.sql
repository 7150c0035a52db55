-- Which tasks could lifecycle workflows do that no workflow of this tenant does?
SELECT d.category, d.displayName, d.description
FROM aad.lifecycle_task_definitions d
ANTI JOIN aad.lifecycle_workflow_tasks t ON t.taskDefinitionId = d.id
ORDER BY d.category, d.displayName;
