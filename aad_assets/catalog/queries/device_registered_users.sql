-- Which devices have several users?
SELECT d.displayName AS device, d.deviceOwnership, d.profileType, count(*) AS users, list(u.displayName) AS names
FROM aad.device_registered_users r
JOIN aad.devices d ON d.id = r.deviceObjectId
JOIN aad.users u ON u.id = r.userId
GROUP BY ALL
HAVING count(*) > 1
ORDER BY users DESC;
