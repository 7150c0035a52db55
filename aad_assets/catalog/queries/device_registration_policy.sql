-- Which users have reached the limit of devices and cannot join another?
SELECT u.displayName, count(*) AS devices, p.userDeviceQuota, p.multiFactorAuthConfiguration
FROM aad.device_registration_policy p, aad.device_registered_owners o
JOIN aad.users u ON u.id = o.ownerId
GROUP BY ALL
HAVING count(*) >= p.userDeviceQuota
ORDER BY devices DESC;
