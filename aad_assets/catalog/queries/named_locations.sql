-- Which named locations are trusted, how many ranges do they have, and how many policies exclude them?
SELECT l.displayName, len(l.ipRanges) AS ranges, l.modifiedDateTime,
       count(p.id) FILTER (list_contains(p.conditions.locations.excludeLocations, l.id)) AS excepted_by
FROM aad.named_locations l
LEFT JOIN aad.conditional_access_policies p ON p.state = 'enabled'
WHERE l.isTrusted
GROUP BY ALL
ORDER BY excepted_by DESC;
