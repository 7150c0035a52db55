-- Which departments have users in no administrative unit, where no delegated administrator can manage them?
SELECT u.department, count(*) AS people
FROM aad.users u
WHERE u.userType = 'Member' AND u.accountEnabled
  AND NOT EXISTS (SELECT 1 FROM aad.administrative_unit_members m WHERE m.memberId = u.id)
GROUP BY u.department
ORDER BY people DESC;
