-- Who reviews requests for admin consent, are the reviewers notified, and can they sign in?
SELECT p.isEnabled, p.notifyReviewers, p.requestDurationInDays, reviewer.queryType,
       coalesce(u.displayName, g.displayName, reviewer.query) AS reviewer, u.accountEnabled
FROM aad.admin_consent_request_policy p, unnest(p.reviewers) AS t(reviewer)
LEFT JOIN aad.users u ON contains(reviewer.query, u.id)
LEFT JOIN aad.groups g ON contains(reviewer.query, g.id);
