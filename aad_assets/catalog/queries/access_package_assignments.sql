-- Access through packages: how much is delivered, how much failed, how much ends within 30 days or never?
SELECT state, status, count(*) AS assignments,
       count(*) FILTER (schedule.expiration.endDateTime BETWEEN now() AND now() + INTERVAL 30 DAY) AS end_soon,
       count(*) FILTER (schedule.expiration.type = 'noExpiration') AS never_end
FROM aad.access_package_assignments
GROUP BY ALL
ORDER BY assignments DESC;
