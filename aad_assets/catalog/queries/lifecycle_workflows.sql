-- Which lifecycle workflows are disabled, unscheduled or quarantined?
SELECT category, displayName, isEnabled, isSchedulingEnabled, nextScheduleRunDateTime, quarantineDetails.quarantineReason
FROM aad.lifecycle_workflows
WHERE NOT (isEnabled AND isSchedulingEnabled) OR quarantineDetails.quarantinedDateTime IS NOT NULL
ORDER BY category, displayName;
