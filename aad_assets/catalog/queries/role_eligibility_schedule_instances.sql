-- Who may activate a role but has not signed in successfully for 60 days?
SELECT u.displayName, d.displayName AS role, i.memberType, s.signInActivity.lastSuccessfulSignInDateTime AS last_sign_in
FROM aad.role_eligibility_schedule_instances i
JOIN aad.users u ON u.id = i.principalId
JOIN aad.role_definitions d ON d.id = i.roleDefinitionId
LEFT JOIN aad.user_sign_in_activity s ON s.id = u.id
WHERE coalesce(s.signInActivity.lastSuccessfulSignInDateTime < now() - INTERVAL 60 DAY, true)
ORDER BY last_sign_in;
