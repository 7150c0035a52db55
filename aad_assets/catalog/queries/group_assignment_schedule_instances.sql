-- How many members and owners of groups in Privileged Identity Management are activated, and how many are assigned?
SELECT g.displayName AS "group", i.accessId AS as_what, i.assignmentType, count(*) AS principals,
       max(i.endDateTime) AS last_ends
FROM aad.group_assignment_schedule_instances i
JOIN aad.groups g ON g.id = i.groupId
GROUP BY ALL
ORDER BY "group", as_what;
