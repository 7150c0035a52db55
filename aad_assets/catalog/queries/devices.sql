-- Which enabled devices have not signed in for 90 days?
SELECT displayName, operatingSystem, operatingSystemVersion, trustType, isCompliant, approximateLastSignInDateTime
FROM aad.devices
WHERE accountEnabled AND approximateLastSignInDateTime < now() - INTERVAL 90 DAY
ORDER BY approximateLastSignInDateTime;
