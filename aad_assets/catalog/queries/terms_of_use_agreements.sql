-- When must the terms of use be accepted again, and how many enforced policies require them?
SELECT a.displayName, a.termsExpiration.frequency AS all_accept_again, a.userReacceptRequiredFrequency AS each_accepts_again,
       count(p.id) AS policies
FROM aad.terms_of_use_agreements a
LEFT JOIN aad.conditional_access_policies p ON p.state = 'enabled' AND list_contains(p.grantControls.termsOfUse, a.id)
GROUP BY ALL
ORDER BY policies, a.displayName;
