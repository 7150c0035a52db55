-- Which applications hold permissions although nothing has used them for 90 days?
SELECT s.displayName AS app, list(DISTINCT g.resourceDisplayName) AS apis,
       a.lastSignInActivity.lastSignInDateTime AS last_used
FROM aad.service_principals s
JOIN aad.app_role_assignments g ON g.principalId = s.id
LEFT JOIN aad.service_principal_sign_in_activities a USING (appId)
WHERE s.servicePrincipalType = 'Application' AND s.accountEnabled
  AND coalesce(a.lastSignInActivity.lastSignInDateTime < now() - INTERVAL 90 DAY, true)
GROUP BY ALL
ORDER BY last_used NULLS FIRST, app;
