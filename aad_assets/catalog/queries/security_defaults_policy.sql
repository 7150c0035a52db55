-- Is the tenant protected at all: by the security defaults, or by policies that ask for multifactor authentication?
SELECT s.isEnabled AS security_defaults,
       (SELECT count(*) FROM aad.conditional_access_policies p
        WHERE p.state = 'enabled' AND list_contains(p.grantControls.builtInControls, 'mfa')) AS policies_with_mfa
FROM aad.security_defaults_policy s;
