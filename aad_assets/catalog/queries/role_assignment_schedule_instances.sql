-- Which roles are activated now, by whom, and until when?
SELECT d.displayName AS role, u.displayName AS holder, i.startDateTime, i.endDateTime, i.endDateTime - now() AS still_for
FROM aad.role_assignment_schedule_instances i
JOIN aad.role_definitions d ON d.id = i.roleDefinitionId
LEFT JOIN aad.users u ON u.id = i.principalId
WHERE i.assignmentType = 'Activated'
ORDER BY i.endDateTime;
