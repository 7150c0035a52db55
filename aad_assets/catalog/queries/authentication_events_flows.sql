-- Which sign-up flows are there, for which applications, and what can people sign up with?
SELECT f.displayName, s.displayName AS app,
       json_extract_string(f.onAuthenticationMethodLoadStart, '$.identityProviders[*].displayName') AS providers,
       json_extract_string(f.onAttributeCollection, '$.attributes[*].displayName') AS attributes
FROM aad.authentication_events_flows f
LEFT JOIN unnest(json_extract_string(f.conditions.applications, '$.includeApplications[*].appId')) AS t(app_id) ON true
LEFT JOIN aad.service_principals s ON s.appId = app_id
ORDER BY f.displayName, app;
