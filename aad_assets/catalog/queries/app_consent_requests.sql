-- Which applications wait for admin consent, for which permissions, and how many people have asked?
SELECT a.appDisplayName AS app, a.appId, [scope.displayName FOR scope IN a.pendingScopes] AS permissions,
       count(DISTINCT u.createdBy ->> '$.user.id') AS people
FROM aad.app_consent_requests a
LEFT JOIN aad.user_consent_requests u ON u.appConsentRequestId = a.id
GROUP BY ALL
ORDER BY people DESC, app;
