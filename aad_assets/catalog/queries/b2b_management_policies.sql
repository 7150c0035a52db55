-- Which domains may be invited, and which may not?
SELECT displayName, isOrganizationDefault,
       json_extract(text, '$.B2BManagementPolicy.InvitationsAllowedAndBlockedDomainsPolicy.AllowedDomains') AS allowed,
       json_extract(text, '$.B2BManagementPolicy.InvitationsAllowedAndBlockedDomainsPolicy.BlockedDomains') AS blocked
FROM aad.b2b_management_policies, unnest(definition) AS t(text);
