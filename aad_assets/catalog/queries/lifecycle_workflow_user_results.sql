-- For whom did a lifecycle workflow fail in the last 30 days?
SELECT w.category, w.displayName AS workflow, u.displayName AS who, r.processingStatus AS status,
       r.failedTasksCount AS failed_tasks, r.totalTasksCount AS tasks, r.completedDateTime
FROM aad.lifecycle_workflow_user_results r
JOIN aad.lifecycle_workflows w ON w.id = r.workflowId
LEFT JOIN aad.users u ON u.id = r.subjectId
WHERE r.failedTasksCount > 0 AND r.startedDateTime > now() - INTERVAL 30 DAY
ORDER BY r.completedDateTime DESC;
