-- Which types of identity providers are available but not in use?
SELECT t.value
FROM aad.available_identity_provider_types t
WHERE t.value NOT IN (SELECT coalesce(identityProviderType, '') FROM aad.identity_providers)
ORDER BY t.value;
