-- Authentication contexts that apps can ask for, but that no policy acts on: a lock without a door.
SELECT c.id, c.displayName, c.description
FROM aad.authentication_context_class_references c
WHERE c.isAvailable AND NOT EXISTS (
    SELECT 1 FROM aad.conditional_access_policies p
    WHERE list_contains(p.conditions.applications.includeAuthenticationContextClassReferences, c.id) AND p.state = 'enabled'
);
