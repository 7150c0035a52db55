-- Which schema extensions exist, which application owns each, and which properties do they add?
SELECT e.id, e.status, a.displayName AS owner, e.targetTypes, property.name, property.type
FROM aad.schema_extensions e
LEFT JOIN aad.applications a ON a.appId = e.owner
CROSS JOIN unnest(e.properties) AS t(property)
ORDER BY e.status, e.id, property.name;
