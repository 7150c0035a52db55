-- Which claims do claims mapping policies add, and do they include the basic claims?
SELECT displayName, isOrganizationDefault, text ->> '$.ClaimsMappingPolicy.IncludeBasicClaimSet' AS basic_claims,
       json_extract_string(text, '$.ClaimsMappingPolicy.ClaimsSchema[*].JwtClaimType') AS claims
FROM aad.claims_mapping_policies, unnest(definition) AS t(text)
ORDER BY displayName;
