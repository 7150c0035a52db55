-- How many certificate authorities does each trusted PKI have, and did its last upload succeed?
SELECT p.displayName, p.status, p.statusDetails, p.lastModifiedDateTime, count(a.id) AS authorities,
       count(a.id) FILTER (a.certificateAuthorityType = 'root') AS roots
FROM aad.certificate_based_auth_pkis p
LEFT JOIN aad.certificate_authorities a ON a.pkiId = p.id
GROUP BY ALL
ORDER BY p.displayName;
