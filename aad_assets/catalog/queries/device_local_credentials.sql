-- Which Windows devices in use have no LAPS password, or one that was backed up more than 40 days ago?
SELECT d.displayName, d.trustType, d.approximateLastSignInDateTime AS last_used, c.lastBackupDateTime
FROM aad.devices d
LEFT JOIN aad.device_local_credentials c ON c.id = d.deviceId
WHERE d.operatingSystem = 'Windows' AND d.accountEnabled AND d.approximateLastSignInDateTime > now() - INTERVAL 40 DAY
  AND coalesce(c.lastBackupDateTime < now() - INTERVAL 40 DAY, true)
ORDER BY c.lastBackupDateTime NULLS FIRST;
