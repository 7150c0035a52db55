-- Which guests own app registrations? They can add a secret and act as the app.
SELECT a.displayName AS application, u.displayName AS guest, u.mail, len(a.requiredResourceAccess) AS apis_asked_for
FROM aad.application_owners o
JOIN aad.applications a ON a.id = o.applicationId
JOIN aad.users u ON u.id = o.ownerId AND u.userType = 'Guest'
ORDER BY a.displayName;
