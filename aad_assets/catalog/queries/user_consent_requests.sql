-- Which requests for admin consent are undecided, by whom, why, and for how long?
SELECT a.appDisplayName AS app, u.createdBy ->> '$.user.userPrincipalName' AS asked_by, u.reason,
       now() - u.createdDateTime AS waiting
FROM aad.user_consent_requests u
JOIN aad.app_consent_requests a ON a.id = u.appConsentRequestId
WHERE u.status = 'InProgress'
ORDER BY u.createdDateTime;
