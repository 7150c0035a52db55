-- After how long an idle session in the browser ends, for each application that the policies name.
SELECT displayName, isOrganizationDefault, rule ->> '$.ApplicationId' AS application,
       rule ->> '$.WebSessionIdleTimeout' AS idle_for
FROM aad.activity_based_timeout_policies, unnest(definition) AS t(text),
     unnest(CAST(text -> '$.ActivityBasedTimeoutPolicy.ApplicationPolicies' AS JSON[])) AS r(rule);
