-- How many users have registered each method, and how many have only a password?
SELECT odataType AS method, count(DISTINCT userId) AS people,
       count(DISTINCT userId) FILTER (userId IN (
           SELECT userId FROM aad.user_authentication_methods GROUP BY userId HAVING count(DISTINCT odataType) = 1
       )) AS with_this_alone
FROM aad.user_authentication_methods
GROUP BY ALL
ORDER BY people DESC;
