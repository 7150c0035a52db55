-- Which access packages can be had without approval or without an end date, and under which policy?
SELECT p.displayName AS package, x.displayName AS policy, x.allowedTargetScope,
       x.requestApprovalSettings.isApprovalRequiredForAdd AS approved, x.expiration.type AS ends,
       coalesce(x.reviewSettings.isEnabled, false) AS reviewed
FROM aad.access_package_assignment_policies x
LEFT JOIN aad.access_packages p ON p.id = x.accessPackageId
WHERE NOT x.requestApprovalSettings.isApprovalRequiredForAdd OR x.expiration.type = 'noExpiration'
ORDER BY x.allowedTargetScope, package, policy;
