-- Which roles does entitlement management have, and how many people and groups hold each?
SELECT d.displayName, d.isBuiltIn, count(a.id) AS assignments,
       count(a.id) FILTER (a.appScopeId = '/') AS for_all_catalogs, d.description
FROM aad.entitlement_role_definitions d
LEFT JOIN aad.entitlement_role_assignments a ON a.roleDefinitionId = d.id
GROUP BY ALL
ORDER BY assignments DESC, d.displayName;
