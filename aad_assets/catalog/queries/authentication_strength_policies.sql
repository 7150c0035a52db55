-- Which authentication strengths are satisfied by a text message or a voice call?
SELECT displayName, policyType, combination
FROM aad.authentication_strength_policies, unnest(allowedCombinations) AS t(combination)
WHERE combination LIKE '%sms%' OR combination LIKE '%voice%'
ORDER BY displayName;
