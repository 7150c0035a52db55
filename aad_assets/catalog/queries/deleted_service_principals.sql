-- Deleted enterprise applications whose app registration is still here: removed on purpose, or a broken app?
SELECT d.displayName, d.appId, d.deletedDateTime, a.id AS application_id, a.createdDateTime AS registered
FROM aad.deleted_service_principals d
JOIN aad.applications a USING (appId)
ORDER BY d.deletedDateTime DESC;
