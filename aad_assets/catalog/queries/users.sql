-- Which disabled accounts still hold licences?
SELECT u.userPrincipalName, u.displayName, s.skuPartNumber
FROM aad.users u
CROSS JOIN unnest(u.assignedLicenses) AS held(licence)
LEFT JOIN aad.subscribed_skus s ON s.skuId = held.licence.skuId
WHERE NOT u.accountEnabled
ORDER BY s.skuPartNumber, u.userPrincipalName;
