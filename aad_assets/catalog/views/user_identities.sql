WITH identities AS (
    SELECT
        _tenant_id, id, userPrincipalName, displayName, accountEnabled, userType, externalUserState,
        unnest(identities) AS i
    FROM {schema}.users
)
SELECT
    _tenant_id,
    id AS userId,
    i.signInType AS signInType,
    i.issuer AS issuer,
    i.issuerAssignedId AS issuerAssignedId,
    userPrincipalName,
    displayName AS userDisplayName,
    accountEnabled,
    userType,
    externalUserState
FROM identities
WHERE i IS NOT NULL
