-- Which custom extension is called when, and for which applications?
SELECT l.odataType AS event, e.displayName AS extension, e.endpointConfiguration ->> '$.targetUrl' AS url,
       json_extract_string(l.conditions.applications, '$.includeApplications[*].appId') AS apps
FROM aad.authentication_event_listeners l
LEFT JOIN aad.custom_authentication_extensions e ON e.id = (l.handler ->> '$.customExtension.id')
ORDER BY event, extension;
