-- Accounts that are turned on and did not sign in for `aad_dormant_days` days, with the licences that they hold.
with licences as (
    select userId, list(skuPartNumber order by skuPartNumber) as licences
    from {{ source('aad', 'effective_licences') }}
    group by userId
)

select
    u.id as user_id,
    u.userPrincipalName as user_principal_name,
    u.displayName as display_name,
    u.userType as user_type,
    u.createdDateTime as created_at,
    a.signInActivity.lastSuccessfulSignInDateTime as last_successful_sign_in_at,
    coalesce(l.licences, []) as licences
from {{ source('aad', 'users') }} as u
left join {{ source('aad', 'user_sign_in_activity') }} as a on a.id = u.id
left join licences as l on l.userId = u.id
where u.accountEnabled
    and coalesce(a.signInActivity.lastSuccessfulSignInDateTime, u.createdDateTime)
        < now() - interval '{{ var("aad_dormant_days") }} days'
