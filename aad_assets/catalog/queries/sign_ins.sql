-- Who signed in during the last 7 days with a legacy protocol, which does not support MFA?
SELECT userPrincipalName, clientAppUsed, appDisplayName, count(*) AS sign_ins,
       count(*) FILTER (status.errorCode = 0) AS successful, max(createdDateTime) AS last
FROM aad.sign_ins
WHERE createdDateTime > now() - INTERVAL 7 DAY AND clientAppUsed NOT IN ('Browser', 'Mobile Apps and Desktop clients')
GROUP BY ALL
ORDER BY successful DESC;
