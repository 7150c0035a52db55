-- For whom is per-user MFA still on, and have they registered a method?
SELECT u.userPrincipalName, m.perUserMfaState, d.isMfaRegistered, d.methodsRegistered
FROM aad.user_mfa_requirements m
JOIN aad.users u ON u.id = m.userId
LEFT JOIN aad.user_registration_details d ON d.id = m.userId
WHERE m.perUserMfaState <> 'disabled' AND u.accountEnabled
ORDER BY m.perUserMfaState, u.userPrincipalName;
