-- Which certificate authorities are still in the older store only?
SELECT authority.issuer, authority.isRootAuthority AS is_root, authority.certificateRevocationListUrl AS revocation_list
FROM aad.certificate_based_auth_configurations, unnest(certificateAuthorities) AS t(authority)
WHERE lower(authority.issuerSki) NOT IN (
    SELECT lower(issuerSubjectKeyIdentifier) FROM aad.certificate_authorities WHERE issuerSubjectKeyIdentifier IS NOT NULL)
ORDER BY is_root DESC, authority.issuer;
