-- Who may activate membership or ownership of a group without an end date?
SELECT g.displayName AS "group", i.accessId AS as_what, coalesce(u.displayName, i.principalId) AS who, i.startDateTime
FROM aad.group_eligibility_schedule_instances i
JOIN aad.groups g ON g.id = i.groupId
LEFT JOIN aad.users u ON u.id = i.principalId
WHERE i.endDateTime IS NULL
ORDER BY "group", who;
