-- Which administrators cannot use MFA, and which methods have they registered?
SELECT d.userPrincipalName, u.accountEnabled, d.methodsRegistered, d.isPasswordlessCapable
FROM aad.user_registration_details d
LEFT JOIN aad.users u USING (id)
WHERE d.isAdmin AND NOT d.isMfaCapable
ORDER BY u.accountEnabled DESC, d.userPrincipalName;
