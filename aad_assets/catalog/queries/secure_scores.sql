-- How has the secure score developed from day to day?
SELECT (createdDateTime AT TIME ZONE 'UTC')::DATE AS day, round(100 * currentScore / maxScore, 1) AS percent,
       currentScore, maxScore,
       currentScore - lag(currentScore) OVER (ORDER BY createdDateTime) AS change
FROM aad.secure_scores
ORDER BY day DESC;
