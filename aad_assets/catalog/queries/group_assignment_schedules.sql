-- Who is an active member or owner of a group in Privileged Identity Management without an end?
SELECT g.displayName AS "group", s.accessId AS as_what, coalesce(u.displayName, s.principalId) AS who,
       s.scheduleInfo.startDateTime AS since, g.isAssignableToRole AS can_hold_roles
FROM aad.group_assignment_schedules s
JOIN aad.groups g ON g.id = s.groupId
LEFT JOIN aad.users u ON u.id = s.principalId
WHERE s.assignmentType = 'assigned' AND s.scheduleInfo.expiration.type = 'noExpiration'
ORDER BY can_hold_roles DESC, "group", who;
