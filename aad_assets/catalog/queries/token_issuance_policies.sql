-- Which policies sign SAML tokens with an outdated algorithm?
SELECT displayName, isOrganizationDefault, text ->> '$.TokenIssuancePolicy.SigningAlgorithm' AS algorithm
FROM aad.token_issuance_policies, unnest(definition) AS t(text)
WHERE algorithm LIKE '%sha1'
ORDER BY displayName;
