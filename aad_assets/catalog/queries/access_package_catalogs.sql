-- Catalogues that people outside the tenant can see: from which can they request access?
SELECT displayName, description, catalogType, state, createdDateTime
FROM aad.access_package_catalogs
WHERE isExternallyVisible AND state = 'published'
ORDER BY createdDateTime;
