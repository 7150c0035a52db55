-- Which authentication contexts can apps request although no policy acts on them?
SELECT c.id, c.displayName, c.description
FROM aad.authentication_context_class_references c
WHERE c.isAvailable AND NOT EXISTS (
    SELECT 1 FROM aad.conditional_access_policies p
    WHERE list_contains(p.conditions.applications.includeAuthenticationContextClassReferences, c.id) AND p.state = 'enabled'
);
