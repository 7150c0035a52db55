-- How many access package assignments are in each state, and how many of them end within 30 days or never?
SELECT state, status, count(*) AS assignments,
       count(*) FILTER (schedule.expiration.endDateTime BETWEEN now() AND now() + INTERVAL 30 DAY) AS end_soon,
       count(*) FILTER (schedule.expiration.type = 'noExpiration') AS never_end
FROM aad.access_package_assignments
GROUP BY ALL
ORDER BY assignments DESC;
