-- Which DNS record would verify each domain that is not verified yet?
SELECT d.id AS domain, r.recordType, r.label, coalesce(r.text, r.mailExchange) AS value, r.ttl
FROM aad.domain_verification_dns_records r
JOIN aad.domains d ON d.id = r.domainId
WHERE NOT d.isVerified
ORDER BY domain, r.recordType;
