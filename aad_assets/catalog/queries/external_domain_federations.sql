-- Which organizations sign in with an identity provider of their own, and how many guests does each domain have?
SELECT f.displayName, f.issuerUri, domain.id AS domain, count(u.id) AS guests
FROM aad.external_domain_federations f
CROSS JOIN unnest(f.domains) AS t(domain)
LEFT JOIN aad.users u ON u.userType = 'Guest' AND lower(split_part(u.mail, '@', 2)) = lower(domain.id)
GROUP BY ALL
ORDER BY guests DESC, domain;
