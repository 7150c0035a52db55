-- Which resources are in a catalogue although no access package gives access to them?
SELECT c.displayName AS catalog, r.displayName AS resource, r.originSystem AS kind, r.createdDateTime
FROM aad.access_package_catalog_resources r
JOIN aad.access_package_catalogs c ON c.id = r.catalogId
WHERE r.originId NOT IN (
    SELECT s.scopeOriginId FROM aad.access_package_resource_role_scopes s
    JOIN aad.access_packages p ON p.id = s.accessPackageId
    WHERE p.catalogId = r.catalogId AND s.scopeOriginId IS NOT NULL)
ORDER BY catalog, resource;
