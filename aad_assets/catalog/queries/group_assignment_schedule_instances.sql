-- Members of role-assignable groups: activated for some hours, or put in for good?
SELECT g.displayName AS "group", i.accessId AS as_what, i.assignmentType, count(*) AS principals,
       max(i.endDateTime) AS last_ends
FROM aad.group_assignment_schedule_instances i
JOIN aad.groups g ON g.id = i.groupId
GROUP BY ALL
ORDER BY "group", as_what;
