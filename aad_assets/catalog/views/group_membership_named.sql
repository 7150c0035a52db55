WITH members AS (
    SELECT _tenant_id, id, displayName, userPrincipalName AS name, accountEnabled FROM {schema}.users
    UNION ALL
    SELECT _tenant_id, id, displayName, mail, NULL FROM {schema}.groups
    UNION ALL
    SELECT _tenant_id, id, displayName, deviceId, accountEnabled FROM {schema}.devices
    UNION ALL
    SELECT _tenant_id, id, displayName, appId, accountEnabled FROM {schema}.service_principals
    UNION ALL
    SELECT _tenant_id, id, displayName, mail, NULL FROM {schema}.org_contacts
)
SELECT
    m._tenant_id,
    m.groupId,
    m.memberId,
    m.memberType,
    g.displayName AS groupDisplayName,
    x.displayName AS memberDisplayName,
    x.name AS memberName,
    x.accountEnabled AS memberEnabled,
    g.securityEnabled AS groupSecurityEnabled,
    CASE WHEN g.id IS NOT NULL THEN coalesce(list_contains(g.groupTypes, 'DynamicMembership'), false) END AS isDynamic
FROM {schema}.group_members AS m
LEFT JOIN {schema}.groups AS g ON g._tenant_id = m._tenant_id AND g.id = m.groupId
LEFT JOIN members AS x ON x._tenant_id = m._tenant_id AND x.id = m.memberId
