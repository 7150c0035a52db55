-- Which named locations are trusted, and how many policies exclude them?
SELECT l.displayName, l.odataType, l.modifiedDateTime,
       count(p.id) FILTER (list_contains(p.conditions.locations.excludeLocations, l.id)) AS excepted_by
FROM aad.named_locations l
LEFT JOIN aad.conditional_access_policies p ON p.state = 'enabled'
WHERE (l._extra ->> '$.isTrusted') = 'true'
GROUP BY ALL
ORDER BY excepted_by DESC;
