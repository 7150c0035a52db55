-- What may all users do by default: register apps, create groups and tenants, invite guests, read other users?
SELECT allowInvitesFrom AS may_invite_guests, guestUserRoleId AS role_of_guests,
       defaultUserRolePermissions.allowedToCreateApps AS register_apps,
       defaultUserRolePermissions.allowedToCreateSecurityGroups AS create_groups,
       defaultUserRolePermissions.allowedToCreateTenants AS create_tenants,
       defaultUserRolePermissions.allowedToReadOtherUsers AS read_other_users
FROM aad.authorization_policy;
