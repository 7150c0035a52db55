-- Licences bought and licences assigned: what is paid for and lies idle, what has run out?
SELECT skuPartNumber, prepaidUnits.enabled AS bought, consumedUnits AS assigned,
       prepaidUnits.enabled - consumedUnits AS idle, prepaidUnits.warning + prepaidUnits.suspended AS running_out
FROM aad.subscribed_skus
WHERE appliesTo = 'User'
ORDER BY idle DESC;
