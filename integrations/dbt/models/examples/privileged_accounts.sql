-- Who holds which directory role, for good or eligible through Privileged Identity Management.
with holders as (
    select principalId, roleDefinitionId, directoryScopeId, 'assigned' as kind
    from {{ source('aad', 'role_assignments') }}
    union
    select principalId, roleDefinitionId, directoryScopeId, 'eligible'
    from {{ source('aad', 'role_eligibility_schedule_instances') }}
),

principals as (
    select id, 'user' as principal_type, displayName, userPrincipalName as name
    from {{ source('aad', 'users') }}
    union all
    select id, 'group', displayName, null
    from {{ source('aad', 'groups') }}
    union all
    select id, 'service principal', displayName, appId
    from {{ source('aad', 'service_principals') }}
)

select
    h.principalId as principal_id,
    h.roleDefinitionId as role_definition_id,
    h.directoryScopeId as directory_scope_id,
    h.kind,
    r.displayName as role,
    p.principal_type,
    p.displayName as display_name,
    p.name
from holders as h
left join {{ source('aad', 'role_definitions') }} as r on r.id = h.roleDefinitionId
left join principals as p on p.id = h.principalId
