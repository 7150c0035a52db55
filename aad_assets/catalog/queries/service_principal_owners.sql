-- Who owns enterprise applications with application permissions, and could act with those permissions?
SELECT sp.displayName AS application, u.userPrincipalName AS owner, u.accountEnabled, count(*) AS permissions_held
FROM aad.service_principal_owners o
JOIN aad.service_principals sp ON sp.id = o.servicePrincipalId
JOIN aad.app_role_assignments a ON a.principalId = sp.id
LEFT JOIN aad.users u ON u.id = o.ownerId
GROUP BY ALL
ORDER BY permissions_held DESC;
