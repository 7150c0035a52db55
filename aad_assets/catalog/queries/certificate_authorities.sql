-- Which trusted certificate authorities expire within 90 days, or have no revocation list?
SELECT p.displayName AS pki, a.displayName, a.certificateAuthorityType AS type, a.expirationDateTime,
       a.certificateRevocationListUrl AS revocation_list
FROM aad.certificate_authorities a
LEFT JOIN aad.certificate_based_auth_pkis p ON p.id = a.pkiId
WHERE a.expirationDateTime < now() + INTERVAL 90 DAY OR coalesce(a.certificateRevocationListUrl, '') = ''
ORDER BY a.expirationDateTime;
