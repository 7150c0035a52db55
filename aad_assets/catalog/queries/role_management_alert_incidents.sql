-- Which people and roles are behind the alerts that are active, and when were the roles last used?
SELECT i.odataType AS alert, i.assigneeDisplayName AS who, i.assigneeUserPrincipalName, i.roleDisplayName AS role,
       coalesce(i.lastActivationDateTime, i.lastSignInDateTime, i.assignmentCreatedDateTime) AS moment
FROM aad.role_management_alert_incidents i
JOIN aad.role_management_alerts a ON a.id = i.alertId
WHERE a.isActive
ORDER BY alert, who;
