-- Which controls would raise the secure score most, and what do they cost?
SELECT p.title, p.service, p.maxScore - coalesce(TRY_CAST(control ->> '$.score' AS DOUBLE), 0) AS points_to_gain,
       p.userImpact, p.implementationCost, p.actionUrl
FROM aad.secure_score_control_profiles p
JOIN (SELECT unnest(arg_max(controlScores, createdDateTime)) AS control FROM aad.secure_scores) s
  ON (control ->> '$.controlName') = p.id
WHERE NOT coalesce(p.deprecated, false)
ORDER BY points_to_gain DESC, p.rank;
