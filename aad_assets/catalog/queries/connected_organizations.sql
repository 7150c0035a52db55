-- Which organizations may request access, how are they identified, and which are only proposed?
SELECT displayName, state, source ->> '$."@odata.type"' AS kind,
       coalesce(source ->> '$.tenantId', source ->> '$.domainName', source ->> '$.displayName') AS known_by
FROM aad.connected_organizations, unnest(identitySources) AS t(source)
ORDER BY state DESC, displayName;
