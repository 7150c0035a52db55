-- For which domains must a federated token come from the identity provider of its user's domain?
SELECT validatingDomains ->> '$.rootDomains' AS root_domains, validatingDomains -> '$.domainNames' AS domain_names,
       (SELECT list(id ORDER BY id) FROM aad.domains WHERE authenticationType = 'Federated') AS federated_domains
FROM aad.federated_token_validation_policy;
