-- Which policies change how long access tokens are valid?
SELECT displayName, isOrganizationDefault, text ->> '$.TokenLifetimePolicy.AccessTokenLifetime' AS access_token_lifetime
FROM aad.token_lifetime_policies, unnest(definition) AS t(text)
ORDER BY isOrganizationDefault DESC, displayName;
