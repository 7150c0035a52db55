-- Who assigned directory roles to whom in the last 7 days?
SELECT activityDateTime, coalesce(initiatedBy.user ->> '$.userPrincipalName', initiatedBy.app.displayName) AS who,
       activityDisplayName AS did, target.type, coalesce(target.userPrincipalName, target.displayName) AS to_whom, result
FROM aad.directory_audits, unnest(targetResources) AS t(target)
WHERE category = 'RoleManagement' AND activityDisplayName LIKE 'Add %' AND target.type <> 'Role'
  AND activityDateTime > now() - INTERVAL 7 DAY
ORDER BY activityDateTime DESC;
