-- Which secrets and certificates of app registrations have expired, or expire within 30 days?
SELECT displayName, appId, 'secret' AS kind, secret.displayName AS name, secret.endDateTime AS ends
FROM aad.applications, unnest(passwordCredentials) AS t(secret)
WHERE secret.endDateTime < now() + INTERVAL 30 DAY
UNION ALL
SELECT displayName, appId, 'certificate', certificate.displayName, certificate.endDateTime
FROM aad.applications, unnest(keyCredentials) AS t(certificate)
WHERE certificate.endDateTime < now() + INTERVAL 30 DAY
ORDER BY ends;
