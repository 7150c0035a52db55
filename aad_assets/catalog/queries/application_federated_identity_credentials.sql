-- Which repositories, clusters and clouds can sign in as which app, and does the app also have secrets?
SELECT a.displayName AS app, f.issuer, f.subject, f.audiences, len(a.passwordCredentials) AS secrets
FROM aad.application_federated_identity_credentials f
JOIN aad.applications a ON a.id = f.applicationId
ORDER BY f.issuer, f.subject;
