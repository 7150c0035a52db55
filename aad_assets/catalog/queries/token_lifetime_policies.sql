-- How long an access token works, where that was changed: what a stolen token is worth.
SELECT displayName, isOrganizationDefault, text ->> '$.TokenLifetimePolicy.AccessTokenLifetime' AS access_token_lifetime
FROM aad.token_lifetime_policies, unnest(definition) AS t(text)
ORDER BY isOrganizationDefault DESC, displayName;
