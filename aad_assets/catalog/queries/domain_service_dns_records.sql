-- Which DNS records does each verified domain need for e-mail and other services?
SELECT d.id AS domain, r.supportedService AS service, r.recordType, r.label,
       coalesce(r.mailExchange, r.canonicalName, r.nameTarget, r.text) AS value, r.priority, r.port, r.isOptional
FROM aad.domain_service_dns_records r
JOIN aad.domains d ON d.id = r.domainId
WHERE d.isVerified
ORDER BY domain, service, r.recordType, r.label;
