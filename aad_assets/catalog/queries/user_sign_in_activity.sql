-- Which users with a licence have not signed in for 90 days, or never?
SELECT u.userPrincipalName, u.department, s.signInActivity.lastSuccessfulSignInDateTime AS last_sign_in,
       len(u.assignedLicenses) AS licences
FROM aad.users u
LEFT JOIN aad.user_sign_in_activity s USING (id)
WHERE len(u.assignedLicenses) > 0 AND u.createdDateTime < now() - INTERVAL 90 DAY
  AND coalesce(s.signInActivity.lastSuccessfulSignInDateTime < now() - INTERVAL 90 DAY, true)
ORDER BY last_sign_in NULLS FIRST;
