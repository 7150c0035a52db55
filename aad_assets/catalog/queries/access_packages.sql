-- Access packages that people can find, the ones that nobody has looked after for a year first.
SELECT displayName, description, createdDateTime, modifiedDateTime, modifiedDateTime < now() - INTERVAL 1 YEAR AS neglected
FROM aad.access_packages
WHERE NOT isHidden
ORDER BY modifiedDateTime;
