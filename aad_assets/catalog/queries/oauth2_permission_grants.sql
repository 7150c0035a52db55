-- Which delegated permissions were granted for all users? Those for mail and files come first.
SELECT app.displayName AS app, api.displayName AS api, scope,
       regexp_matches(scope, '(Mail|Files|Sites)\.') AS mail_or_files
FROM (SELECT clientId, resourceId, consentType, unnest(string_split(trim(scope), ' ')) AS scope
      FROM aad.oauth2_permission_grants) g
JOIN aad.service_principals app ON app.id = g.clientId
JOIN aad.service_principals api ON api.id = g.resourceId
WHERE g.consentType = 'AllPrincipals'
ORDER BY mail_or_files DESC, app, scope;
