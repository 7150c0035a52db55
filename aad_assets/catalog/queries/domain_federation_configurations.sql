-- For each federated domain, who issues its tokens, is its MFA trusted, and is the next certificate known?
SELECT domainId, displayName, issuerUri, federatedIdpMfaBehavior, promptLoginBehavior,
       nextSigningCertificate IS NOT NULL AS next_certificate_known, signingCertificateUpdateStatus.lastRunDateTime AS updated
FROM aad.domain_federation_configurations
ORDER BY domainId;
