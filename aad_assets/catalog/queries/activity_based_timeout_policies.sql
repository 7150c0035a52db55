-- After how long does an idle browser session end, for each application in the policies?
SELECT displayName, isOrganizationDefault, rule ->> '$.ApplicationId' AS application,
       rule ->> '$.WebSessionIdleTimeout' AS idle_for
FROM aad.activity_based_timeout_policies, unnest(definition) AS t(text),
     unnest(CAST(text -> '$.ActivityBasedTimeoutPolicy.ApplicationPolicies' AS JSON[])) AS r(rule);
