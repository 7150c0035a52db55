-- Which accounts could not be created, changed or removed in connected systems in the last 7 days, and why?
SELECT servicePrincipal ->> '$.displayName' AS application, provisioningAction,
       provisioningStatusInfo.errorInformation.errorCode AS error, provisioningStatusInfo.errorInformation.reason AS reason,
       count(*) AS events
FROM aad.provisioning_events
WHERE provisioningStatusInfo.status = 'failure' AND activityDateTime > now() - INTERVAL 7 DAY
GROUP BY ALL
ORDER BY events DESC;
