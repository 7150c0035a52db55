-- Which deleted app registrations have unexpired secrets, which work again when the app is restored?
SELECT a.displayName, a.appId, a.deletedDateTime, count(*) AS live_secrets, max(secret.endDateTime) AS last_ends
FROM aad.deleted_applications a, unnest(a.passwordCredentials) AS t(secret)
WHERE secret.endDateTime > now()
GROUP BY ALL
ORDER BY a.deletedDateTime DESC;
