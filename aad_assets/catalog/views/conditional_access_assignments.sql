-- Unnest each list in a policy's conditions, then its items. Users, groups, roles and so on share one table of names, so that a
-- single join resolves them. Keywords such as All, None or Office365 are in no table and get no name.
WITH policies AS (
    SELECT
        _tenant_id, id, displayName, state,
        conditions.users AS users,
        conditions.applications AS apps,
        conditions.clientApplications AS clients,
        conditions.locations AS locations,
        conditions.platforms AS platforms,
        conditions.devices.deviceFilter AS devices,
        conditions
    FROM {schema}.conditional_access_policies
),
lists AS (
    SELECT p._tenant_id, p.id, p.displayName, p.state, unnest([
        {'kind': 'user', 'mode': 'include', 'items': p.users.includeUsers, 'externalTenants': NULL::JSON},
        {'kind': 'user', 'mode': 'exclude', 'items': p.users.excludeUsers, 'externalTenants': NULL},
        {'kind': 'group', 'mode': 'include', 'items': p.users.includeGroups, 'externalTenants': NULL},
        {'kind': 'group', 'mode': 'exclude', 'items': p.users.excludeGroups, 'externalTenants': NULL},
        {'kind': 'role', 'mode': 'include', 'items': p.users.includeRoles, 'externalTenants': NULL},
        {'kind': 'role', 'mode': 'exclude', 'items': p.users.excludeRoles, 'externalTenants': NULL},
        {
            'kind': 'guest', 'mode': 'include',
            'items': string_split(p.users.includeGuestsOrExternalUsers.guestOrExternalUserTypes, ','),
            'externalTenants': p.users.includeGuestsOrExternalUsers.externalTenants
        },
        {
            'kind': 'guest', 'mode': 'exclude',
            'items': string_split(p.users.excludeGuestsOrExternalUsers.guestOrExternalUserTypes, ','),
            'externalTenants': p.users.excludeGuestsOrExternalUsers.externalTenants
        },
        {'kind': 'application', 'mode': 'include', 'items': p.apps.includeApplications, 'externalTenants': NULL},
        {'kind': 'application', 'mode': 'exclude', 'items': p.apps.excludeApplications, 'externalTenants': NULL},
        {'kind': 'applicationFilter', 'mode': p.apps.applicationFilter.mode, 'items': [p.apps.applicationFilter.rule],
            'externalTenants': NULL},
        {'kind': 'userAction', 'mode': 'include', 'items': p.apps.includeUserActions, 'externalTenants': NULL},
        {'kind': 'authenticationContext', 'mode': 'include', 'items': p.apps.includeAuthenticationContextClassReferences,
            'externalTenants': NULL},
        {'kind': 'servicePrincipal', 'mode': 'include', 'items': p.clients.includeServicePrincipals, 'externalTenants': NULL},
        {'kind': 'servicePrincipal', 'mode': 'exclude', 'items': p.clients.excludeServicePrincipals, 'externalTenants': NULL},
        {'kind': 'servicePrincipalFilter', 'mode': p.clients.servicePrincipalFilter.mode,
            'items': [p.clients.servicePrincipalFilter.rule], 'externalTenants': NULL},
        {'kind': 'location', 'mode': 'include', 'items': p.locations.includeLocations, 'externalTenants': NULL},
        {'kind': 'location', 'mode': 'exclude', 'items': p.locations.excludeLocations, 'externalTenants': NULL},
        {'kind': 'platform', 'mode': 'include', 'items': p.platforms.includePlatforms, 'externalTenants': NULL},
        {'kind': 'platform', 'mode': 'exclude', 'items': p.platforms.excludePlatforms, 'externalTenants': NULL},
        {'kind': 'deviceFilter', 'mode': p.devices.mode, 'items': [p.devices.rule], 'externalTenants': NULL},
        {'kind': 'clientAppType', 'mode': 'include', 'items': p.conditions.clientAppTypes, 'externalTenants': NULL},
        {'kind': 'signInRisk', 'mode': 'include', 'items': p.conditions.signInRiskLevels, 'externalTenants': NULL},
        {'kind': 'userRisk', 'mode': 'include', 'items': p.conditions.userRiskLevels, 'externalTenants': NULL},
        {'kind': 'servicePrincipalRisk', 'mode': 'include', 'items': p.conditions.servicePrincipalRiskLevels,
            'externalTenants': NULL},
        {'kind': 'insiderRisk', 'mode': 'include', 'items': string_split(p.conditions.insiderRiskLevels, ','),
            'externalTenants': NULL},
        {'kind': 'authenticationFlow', 'mode': 'include',
            'items': string_split(p.conditions.authenticationFlows.transferMethods, ','), 'externalTenants': NULL}
    ]) AS l
    FROM policies AS p
),
items AS (
    SELECT
        _tenant_id, id, displayName, state,
        l.kind AS kind, l.mode AS mode, l.externalTenants AS externalTenants, trim(unnest(l.items)) AS value
    FROM lists
),
assignments AS (
    SELECT * FROM items WHERE value IS NOT NULL
),
names AS (
    SELECT _tenant_id, 'user' AS kind, id AS value, displayName FROM {schema}.users
    UNION ALL
    SELECT _tenant_id, 'group', id, displayName FROM {schema}.groups
    UNION ALL
    SELECT _tenant_id, 'role', id, displayName FROM {schema}.role_definitions
    UNION ALL
    SELECT _tenant_id, 'application', appId, displayName FROM {schema}.service_principals
    UNION ALL
    SELECT _tenant_id, 'servicePrincipal', id, displayName FROM {schema}.service_principals
    UNION ALL
    SELECT _tenant_id, 'location', id, displayName FROM {schema}.named_locations
    UNION ALL
    SELECT _tenant_id, 'authenticationContext', id, displayName FROM {schema}.authentication_context_class_references
)
SELECT
    a._tenant_id,
    a.id AS policyId,
    a.kind,
    a.mode,
    a.value,
    a.displayName AS policyDisplayName,
    a.state AS policyState,
    n.displayName,
    a.externalTenants
FROM assignments AS a
LEFT JOIN names AS n ON n._tenant_id = a._tenant_id AND n.kind = a.kind AND n.value = a.value
