-- Which deleted users can still be restored, for how many days, and are they members or guests?
SELECT userPrincipalName, displayName, department, userType, deletedDateTime,
       30 - date_diff('day', deletedDateTime, now()) AS days_left
FROM aad.deleted_users
ORDER BY days_left;
