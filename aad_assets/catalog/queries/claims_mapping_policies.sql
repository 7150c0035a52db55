-- Policies that change the claims in tokens: which leave the basic claims out, and which claims do they add?
SELECT displayName, isOrganizationDefault, text ->> '$.ClaimsMappingPolicy.IncludeBasicClaimSet' AS basic_claims,
       json_extract_string(text, '$.ClaimsMappingPolicy.ClaimsSchema[*].JwtClaimType') AS claims
FROM aad.claims_mapping_policies, unnest(definition) AS t(text)
ORDER BY displayName;
