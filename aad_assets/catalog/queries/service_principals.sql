-- Which enterprise applications come from unverified publishers other than Microsoft, and may all users use them?
SELECT displayName, appId, appOwnerOrganizationId, homepage, NOT appRoleAssignmentRequired AS for_everybody
FROM aad.service_principals
WHERE servicePrincipalType = 'Application' AND accountEnabled AND verifiedPublisher.verifiedPublisherId IS NULL
  AND appOwnerOrganizationId NOT IN (SELECT id FROM aad.organization)
  AND appOwnerOrganizationId <> 'f8cdef31-a31e-4b4a-93e4-5f571e91255a'
ORDER BY for_everybody DESC, displayName;
