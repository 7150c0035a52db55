-- Which deleted enterprise applications still have an app registration? They may have been deleted by mistake.
SELECT d.displayName, d.appId, d.deletedDateTime, a.id AS application_id, a.createdDateTime AS registered
FROM aad.deleted_service_principals d
JOIN aad.applications a USING (appId)
ORDER BY d.deletedDateTime DESC;
