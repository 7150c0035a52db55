-- Which permission grant policies apply to ordinary users?
SELECT g.id, g.displayName, g.description,
       coalesce(list_contains(p.defaultUserRolePermissions.permissionGrantPoliciesAssigned,
                              'ManagePermissionGrantsForSelf.' || g.id), false) AS for_users
FROM aad.permission_grant_policies g, aad.authorization_policy p
ORDER BY for_users DESC, g.id;
