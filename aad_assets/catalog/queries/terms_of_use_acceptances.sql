-- Which members have not accepted the terms of use, or only ones that have expired?
SELECT t.displayName AS terms, u.displayName AS who, max(a.recordedDateTime) AS last_answered,
       arg_max(a.state, a.recordedDateTime) AS answer
FROM aad.terms_of_use_agreements t
CROSS JOIN (SELECT id, displayName FROM aad.users WHERE accountEnabled AND userType = 'Member') u
LEFT JOIN aad.terms_of_use_acceptances a ON a.agreementId = t.id AND a.userId = u.id
GROUP BY t.id, t.displayName, u.id, u.displayName
HAVING count(*) FILTER (a.state = 'accepted' AND coalesce(a.expirationDateTime > now(), true)) = 0
ORDER BY terms, who;
