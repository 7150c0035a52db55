-- Which provisioning jobs are in quarantine, or have not succeeded for a day?
SELECT s.displayName AS app, j.templateId, j.status.code AS status, j.status.quarantine.reason AS reason,
       j.status.lastSuccessfulExecution.timeEnded AS last_success, j.status.lastExecution.error.message AS last_error
FROM aad.synchronization_jobs j
LEFT JOIN aad.service_principals s ON s.id = j.servicePrincipalId
WHERE j.status.code = 'Quarantine' OR (j.status.code = 'Active'
  AND coalesce(j.status.lastSuccessfulExecution.timeEnded < now() - INTERVAL 1 DAY, true))
ORDER BY last_success NULLS FIRST;
