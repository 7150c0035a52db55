-- A group's assignment reaches its direct members that are users, and not the members of groups in it.
WITH members AS (
    SELECT _tenant_id, groupId, memberId
    FROM {schema}.group_members
    WHERE memberType = 'user'
),
reached AS (
    SELECT a._tenant_id, a.id, a.appRoleId, a.createdDateTime, a.resourceId, a.resourceDisplayName, a.principalId AS userId,
        NULL AS groupId, NULL AS groupDisplayName
    FROM {schema}.app_role_assignments AS a
    WHERE a.principalType = 'User'
    UNION ALL
    SELECT a._tenant_id, a.id, a.appRoleId, a.createdDateTime, a.resourceId, a.resourceDisplayName, m.memberId,
        a.principalId, a.principalDisplayName
    FROM {schema}.app_role_assignments AS a
    INNER JOIN members AS m ON m._tenant_id = a._tenant_id AND m.groupId = a.principalId
    WHERE a.principalType = 'Group'
),
roles AS (
    SELECT _tenant_id, id AS servicePrincipalId, unnest(appRoles) AS r
    FROM {schema}.service_principals
),
definitions AS (
    SELECT _tenant_id, servicePrincipalId, r.id AS appRoleId, any_value(r.displayName) AS displayName,
        any_value(r.value) AS value
    FROM roles
    GROUP BY ALL
)
SELECT
    a._tenant_id,
    a.id AS assignmentId,
    a.userId,
    a.resourceId AS servicePrincipalId,
    a.groupId,
    a.appRoleId,
    u.userPrincipalName,
    u.displayName AS userDisplayName,
    u.accountEnabled,
    coalesce(s.displayName, a.resourceDisplayName) AS applicationDisplayName,
    s.appId,
    CASE WHEN a.appRoleId = '00000000-0000-0000-0000-000000000000' THEN 'Default access' ELSE d.displayName END AS role,
    d.value AS roleValue,
    CASE WHEN a.groupId IS NULL THEN 'direct' ELSE 'group' END AS assignedBy,
    coalesce(g.displayName, a.groupDisplayName) AS groupDisplayName,
    a.createdDateTime AS since,
    s.accountEnabled AS applicationEnabled,
    s.appRoleAssignmentRequired AS assignmentRequired
FROM reached AS a
LEFT JOIN {schema}.users AS u ON u._tenant_id = a._tenant_id AND u.id = a.userId
LEFT JOIN {schema}.groups AS g ON g._tenant_id = a._tenant_id AND g.id = a.groupId
LEFT JOIN {schema}.service_principals AS s ON s._tenant_id = a._tenant_id AND s.id = a.resourceId
LEFT JOIN definitions AS d
    ON d._tenant_id = a._tenant_id AND d.servicePrincipalId = a.resourceId AND d.appRoleId = a.appRoleId
