-- Deleted devices that signed in during the week before: is somebody locked out?
SELECT displayName, operatingSystem, trustType, approximateLastSignInDateTime, deletedDateTime
FROM aad.deleted_devices
WHERE approximateLastSignInDateTime > deletedDateTime - INTERVAL 7 DAY
ORDER BY deletedDateTime DESC;
