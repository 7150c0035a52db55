-- Which external sponsors do connected organizations have, and when did they last sign in?
SELECT c.displayName AS organization, coalesce(u.displayName, s.sponsorId) AS sponsor, u.mail, u.accountEnabled,
       a.signInActivity.lastSuccessfulSignInDateTime AS last_sign_in
FROM aad.connected_organization_external_sponsors s
JOIN aad.connected_organizations c ON c.id = s.connectedOrganizationId
LEFT JOIN aad.users u ON u.id = s.sponsorId
LEFT JOIN aad.user_sign_in_activity a ON a.id = s.sponsorId
ORDER BY last_sign_in NULLS FIRST, organization;
