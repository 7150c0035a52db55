-- Whose tokens were used from several countries within a day in the last week?
SELECT userPrincipalName, (createdDateTime AT TIME ZONE 'UTC')::DATE AS day,
       count(DISTINCT location.countryOrRegion) AS countries,
       list(DISTINCT location.countryOrRegion) AS which, list(DISTINCT appDisplayName) AS apps
FROM aad.sign_ins_non_interactive
WHERE createdDateTime > now() - INTERVAL 7 DAY AND status.errorCode = 0
GROUP BY ALL
HAVING countries > 1
ORDER BY countries DESC, day DESC;
