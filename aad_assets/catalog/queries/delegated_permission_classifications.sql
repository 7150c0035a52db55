-- Which permissions may users consent to themselves, and how many consents include each?
SELECT api.displayName AS api, c.permissionName, c.classification,
       count(g.id) AS consents, count(DISTINCT g.clientId) AS apps
FROM aad.delegated_permission_classifications c
JOIN aad.service_principals api ON api.id = c.servicePrincipalId
LEFT JOIN aad.oauth2_permission_grants g
  ON g.resourceId = api.id AND list_contains(string_split(g.scope, ' '), c.permissionName)
GROUP BY ALL
ORDER BY consents DESC;
