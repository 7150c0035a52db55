-- Enterprise applications of other organizations that everybody may use: whose publisher is not verified?
SELECT sp.displayName, sp.appId, sp.appOwnerOrganizationId, sp.homepage
FROM aad.service_principals sp
WHERE sp.servicePrincipalType = 'Application' AND sp.accountEnabled AND NOT sp.appRoleAssignmentRequired
  AND sp.appOwnerOrganizationId NOT IN (SELECT id FROM aad.organization)
  AND sp.verifiedPublisher.verifiedPublisherId IS NULL
ORDER BY sp.displayName;
