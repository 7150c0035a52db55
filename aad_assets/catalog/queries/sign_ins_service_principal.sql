-- Which secrets of app registrations were used in the last 30 days, from how many addresses, and when do they end?
SELECT s.servicePrincipalName AS app, secret.displayName AS secret, secret.endDateTime AS ends,
       max(s.createdDateTime) AS last_used, count(DISTINCT s.ipAddress) AS addresses
FROM aad.sign_ins_service_principal s
JOIN aad.applications a ON a.appId = s.appId
CROSS JOIN unnest(a.passwordCredentials) AS t(secret)
WHERE secret.keyId = s.servicePrincipalCredentialKeyId AND s.createdDateTime > now() - INTERVAL 30 DAY
GROUP BY ALL
ORDER BY ends;
