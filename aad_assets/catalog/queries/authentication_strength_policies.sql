-- Authentication strengths that a text message or a call can still satisfy.
SELECT displayName, policyType, combination
FROM aad.authentication_strength_policies, unnest(allowedCombinations) AS t(combination)
WHERE combination LIKE '%sms%' OR combination LIKE '%voice%'
ORDER BY displayName;
