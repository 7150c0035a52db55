-- Which managed identities signed in to which APIs in the last 30 days, and how often did it fail?
SELECT servicePrincipalName AS identity, managedServiceIdentity.msiType AS kind, resourceDisplayName AS api,
       count(*) AS sign_ins, count(*) FILTER (status.errorCode <> 0) AS failures, max(createdDateTime) AS last_used
FROM aad.sign_ins_managed_identity
WHERE createdDateTime > now() - INTERVAL 30 DAY
GROUP BY ALL
ORDER BY failures DESC, sign_ins DESC;
