-- Which runs of lifecycle workflows failed for someone in the last 30 days?
SELECT w.displayName AS workflow, r.startedDateTime, r.workflowExecutionType AS how, r.processingStatus AS status,
       r.totalUsersCount AS users, r.failedUsersCount AS failed_users, r.failedTasksCount AS failed_tasks
FROM aad.lifecycle_workflow_runs r
JOIN aad.lifecycle_workflows w ON w.id = r.workflowId
WHERE r.failedUsersCount > 0 AND r.startedDateTime > now() - INTERVAL 30 DAY
ORDER BY r.startedDateTime DESC;
