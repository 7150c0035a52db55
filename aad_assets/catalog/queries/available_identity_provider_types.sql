-- Kinds of identity providers that could be added and are not in use.
SELECT t.value
FROM aad.available_identity_provider_types t
WHERE NOT EXISTS (SELECT 1 FROM aad.identity_providers p WHERE contains(lower(p.displayName), lower(t.value)))
ORDER BY t.value;
