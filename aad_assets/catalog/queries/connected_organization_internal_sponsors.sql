-- Which connected organizations have no sponsor in this tenant?
SELECT c.displayName, c.state, count(s.sponsorId) AS sponsors, list(u.displayName) FILTER (NOT u.accountEnabled) AS disabled
FROM aad.connected_organizations c
LEFT JOIN aad.connected_organization_internal_sponsors s ON s.connectedOrganizationId = c.id
LEFT JOIN aad.users u ON u.id = s.sponsorId
GROUP BY ALL
HAVING count(*) FILTER (u.accountEnabled OR s.sponsorType = 'group') = 0
ORDER BY c.displayName;
