-- Which access package policies give access without approval or without an end date?
SELECT displayName, allowedTargetScope, requestApprovalSettings.isApprovalRequiredForAdd AS approved, expiration.type AS ends,
       coalesce(reviewSettings.isEnabled, false) AS reviewed
FROM aad.access_package_assignment_policies
WHERE NOT requestApprovalSettings.isApprovalRequiredForAdd OR expiration.type = 'noExpiration'
ORDER BY allowedTargetScope, displayName;
