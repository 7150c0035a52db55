-- How many licences were bought and assigned, how many are unused, and which have run out?
SELECT skuPartNumber, prepaidUnits.enabled AS bought, consumedUnits AS assigned,
       prepaidUnits.enabled - consumedUnits AS idle, prepaidUnits.warning + prepaidUnits.suspended AS running_out
FROM aad.subscribed_skus
WHERE appliesTo = 'User'
ORDER BY idle DESC;
