SELECT
    c._tenant_id,
    c.accessPackageId,
    c.id AS resourceRoleScopeId,
    p.displayName AS accessPackageDisplayName,
    p.catalogId,
    k.displayName AS catalogDisplayName,
    c.scopeOriginId AS resourceOriginId,
    coalesce(r.displayName, CASE WHEN NOT c.scopeIsRootScope THEN c.scopeDisplayName END) AS resourceDisplayName,
    c.scopeOriginSystem AS resourceOriginSystem,
    c.roleOriginId,
    c.roleDisplayName,
    c.createdDateTime
FROM {schema}.access_package_resource_role_scopes AS c
LEFT JOIN {schema}.access_packages AS p ON p._tenant_id = c._tenant_id AND p.id = c.accessPackageId
LEFT JOIN {schema}.access_package_catalogs AS k ON k._tenant_id = p._tenant_id AND k.id = p.catalogId
LEFT JOIN {schema}.access_package_catalog_resources AS r
    ON r._tenant_id = p._tenant_id
    AND r.catalogId = p.catalogId
    AND r.originSystem = c.scopeOriginSystem
    AND r.originId = c.scopeOriginId
