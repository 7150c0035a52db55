-- How many people hold each access package, how many of these assignments end within 30 days, and how many never?
SELECT p.displayName AS package, count(DISTINCT a.targetObjectId) AS people,
       count(*) FILTER (a.schedule.expiration.endDateTime BETWEEN now() AND now() + INTERVAL 30 DAY) AS end_soon,
       count(*) FILTER (a.schedule.expiration.type = 'noExpiration') AS never_end
FROM aad.access_package_assignments a
LEFT JOIN aad.access_packages p ON p.id = a.accessPackageId
WHERE a.state = 'delivered'
GROUP BY ALL
ORDER BY people DESC;
