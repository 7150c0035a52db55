-- Which eligibilities for groups begin in the future, end within 30 days, or never end?
SELECT g.displayName AS "group", s.accessId AS as_what, coalesce(u.displayName, s.principalId) AS who,
       s.scheduleInfo.startDateTime AS begins, s.scheduleInfo.expiration.endDateTime AS ends
FROM aad.group_eligibility_schedules s
LEFT JOIN aad.groups g ON g.id = s.groupId
LEFT JOIN aad.users u ON u.id = s.principalId
WHERE s.scheduleInfo.startDateTime > now() OR s.scheduleInfo.expiration.endDateTime < now() + INTERVAL 30 DAY
   OR s.scheduleInfo.expiration.type = 'noExpiration'
ORDER BY ends, "group", who;
