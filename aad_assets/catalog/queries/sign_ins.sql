-- Sign-ins of the last 7 days with protocols that know no multifactor authentication: who would blocking them hit?
SELECT userPrincipalName, clientAppUsed, appDisplayName, count(*) AS sign_ins,
       count(*) FILTER (status.errorCode = 0) AS successful, max(createdDateTime) AS last
FROM aad.sign_ins
WHERE createdDateTime > now() - INTERVAL 7 DAY AND clientAppUsed NOT IN ('Browser', 'Mobile Apps and Desktop clients')
GROUP BY ALL
ORDER BY successful DESC;
