-- Which Logic Apps do lifecycle workflows call, and from which workflows?
SELECT e.displayName AS extension, e.endpointConfiguration ->> '$.logicAppWorkflowName' AS logic_app,
       e.endpointConfiguration ->> '$.resourceGroupName' AS resource_group, u.displayName AS created_by,
       list(DISTINCT w.displayName) FILTER (w.id IS NOT NULL) AS workflows
FROM aad.lifecycle_custom_task_extensions e
LEFT JOIN aad.users u ON u.id = e.createdById
LEFT JOIN aad.lifecycle_workflow_tasks t ON list_contains([a.value FOR a IN t.arguments], e.id)
LEFT JOIN aad.lifecycle_workflows w ON w.id = t.workflowId
GROUP BY ALL
ORDER BY extension;
