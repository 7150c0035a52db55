-- Organizations that may request access: by which tenant or domain are their people known, and who only asked to be one?
SELECT displayName, state, source ->> '$."@odata.type"' AS kind,
       coalesce(source ->> '$.tenantId', source ->> '$.domainName', source ->> '$.displayName') AS known_by
FROM aad.connected_organizations, unnest(identitySources) AS t(source)
ORDER BY state DESC, displayName;
