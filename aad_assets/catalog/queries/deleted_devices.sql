-- Which deleted devices signed in during the week before their deletion, so that somebody may be locked out?
SELECT displayName, operatingSystem, trustType, approximateLastSignInDateTime, deletedDateTime
FROM aad.deleted_devices
WHERE approximateLastSignInDateTime > deletedDateTime - INTERVAL 7 DAY
ORDER BY deletedDateTime DESC;
