-- Which managed Windows devices have no BitLocker recovery key for their system volume?
SELECT d.displayName, d.deviceOwnership, d.trustType, d.approximateLastSignInDateTime AS last_used
FROM aad.devices d
ANTI JOIN (SELECT deviceId FROM aad.bitlocker_recovery_keys WHERE volumeType = 'operatingSystemVolume') k USING (deviceId)
WHERE d.operatingSystem = 'Windows' AND d.accountEnabled AND d.isManaged
ORDER BY last_used DESC;
