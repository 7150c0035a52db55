-- Which devices are in use although their owner cannot sign in any more?
SELECT d.displayName AS device, d.operatingSystem, d.approximateLastSignInDateTime, u.displayName AS owner
FROM aad.device_registered_owners o
JOIN aad.devices d ON d.id = o.deviceObjectId AND d.accountEnabled
JOIN aad.users u ON u.id = o.ownerId AND NOT u.accountEnabled
ORDER BY d.approximateLastSignInDateTime DESC;
