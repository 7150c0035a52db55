-- Which published catalogues are visible to external users?
SELECT displayName, description, catalogType, state, createdDateTime
FROM aad.access_package_catalogs
WHERE isExternallyVisible AND state = 'published'
ORDER BY createdDateTime;
