-- Whose manager is disabled or deleted, so that approvals go to nobody?
SELECT u.displayName, u.department, coalesce(m.displayName, e.managerId) AS manager, m.employeeLeaveDateTime AS manager_left
FROM aad.user_managers e
JOIN aad.users u ON u.id = e.userId AND u.accountEnabled
LEFT JOIN aad.users m ON m.id = e.managerId
WHERE m.id IS NULL OR NOT m.accountEnabled
ORDER BY manager, u.displayName;
