-- Federated domains: who signs for their users, is multifactor authentication done there believed, is a new certificate near?
SELECT domainId, displayName, issuerUri, federatedIdpMfaBehavior, promptLoginBehavior,
       nextSigningCertificate IS NOT NULL AS next_certificate_known, signingCertificateUpdateStatus.lastRunDateTime AS updated
FROM aad.domain_federation_configurations
ORDER BY domainId;
