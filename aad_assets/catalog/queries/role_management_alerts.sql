-- Which alerts of Privileged Identity Management are active, and how many incidents does each have?
SELECT regexp_extract(alertDefinitionId, '([A-Za-z]+)$', 1) AS alert, incidentCount AS incidents, lastScannedDateTime
FROM aad.role_management_alerts
WHERE isActive
ORDER BY incidents DESC;
