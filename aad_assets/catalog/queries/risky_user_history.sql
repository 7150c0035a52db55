-- Who dismissed or confirmed whose risk in the last 90 days?
SELECT h.riskLastUpdatedDateTime, h.userPrincipalName, h.riskDetail, h.riskState,
       coalesce(a.displayName, h.initiatedBy) AS decided_by
FROM aad.risky_user_history h
LEFT JOIN aad.users a ON a.id = h.initiatedBy
WHERE h.riskState IN ('dismissed', 'confirmedSafe', 'confirmedCompromised')
  AND h.riskLastUpdatedDateTime > now() - INTERVAL 90 DAY
ORDER BY h.riskLastUpdatedDateTime DESC;
