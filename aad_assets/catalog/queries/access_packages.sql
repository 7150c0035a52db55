-- Which access packages are visible to users? Those that have not been changed for longest come first.
SELECT displayName, description, createdDateTime, modifiedDateTime, modifiedDateTime < now() - INTERVAL 1 YEAR AS neglected
FROM aad.access_packages
WHERE NOT isHidden
ORDER BY modifiedDateTime;
