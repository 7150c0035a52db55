-- Which subscriptions renew or end within 60 days, and how many of their licences are in use?
SELECT d.skuPartNumber, d.status, d.isTrial, d.nextLifecycleDateTime, d.totalLicenses, s.consumedUnits AS assigned
FROM aad.directory_subscriptions d
LEFT JOIN aad.subscribed_skus s USING (skuId)
WHERE d.nextLifecycleDateTime < now() + INTERVAL 60 DAY
ORDER BY d.nextLifecycleDateTime;
