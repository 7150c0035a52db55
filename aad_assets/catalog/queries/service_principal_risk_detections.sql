-- Which credential of which app was leaked or misused, and does it still work?
SELECT d.servicePrincipalDisplayName AS app, d.riskEventType, d.activityDateTime, d.ipAddress, key_id,
       secret.endDateTime AS ends
FROM aad.service_principal_risk_detections d, unnest(d.keyIds) AS k(key_id)
LEFT JOIN (SELECT unnest(passwordCredentials) AS secret FROM aad.applications) ON secret.keyId = key_id
ORDER BY d.activityDateTime DESC;
