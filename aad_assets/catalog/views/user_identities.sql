SELECT
    u._tenant_id,
    u.id AS userId,
    i.signInType,
    i.issuer,
    i.issuerAssignedId,
    u.userPrincipalName,
    u.displayName AS userDisplayName,
    u.accountEnabled,
    u.userType,
    u.externalUserState
FROM {schema}.users AS u, unnest(u.identities) AS identities(i)
WHERE i IS NOT NULL
