-- Is MFA required, through security defaults or conditional access policies?
SELECT s.isEnabled AS security_defaults,
       (SELECT count(*) FROM aad.conditional_access_policies p
        WHERE p.state = 'enabled' AND list_contains(p.grantControls.builtInControls, 'mfa')) AS policies_with_mfa
FROM aad.security_defaults_policy s;
