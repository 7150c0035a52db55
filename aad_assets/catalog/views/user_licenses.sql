-- How a user came to a licence stands in licenseAssignmentStates, which licences the user has in assignedLicenses. Each can
-- hold what the other lacks: an assignment that failed, a licence whose assignment Graph does not explain.
WITH assignments AS (
    SELECT
        u._tenant_id, u.id, u.userPrincipalName, u.displayName, u.accountEnabled, u.assignedLicenses,
        s.skuId, s.assignedByGroup, s.state, s.error, s.lastUpdatedDateTime, s.disabledPlans,
        CASE WHEN s.assignedByGroup IS NULL THEN 'direct' ELSE 'group' END AS assignedBy
    FROM {schema}.users AS u, unnest(u.licenseAssignmentStates) AS states(s)
    WHERE s IS NOT NULL
    UNION ALL
    SELECT
        u._tenant_id, u.id, u.userPrincipalName, u.displayName, u.accountEnabled, u.assignedLicenses,
        l.skuId, NULL, NULL, NULL, NULL, l.disabledPlans, NULL
    FROM {schema}.users AS u, unnest(u.assignedLicenses) AS licenses(l)
    WHERE l IS NOT NULL
        AND NOT coalesce(list_contains([s.skuId FOR s IN u.licenseAssignmentStates], l.skuId), false)
),
skus AS (
    SELECT _tenant_id, skuId, max(skuPartNumber) AS skuPartNumber
    FROM {schema}.subscribed_skus
    GROUP BY ALL
),
plans AS (
    SELECT k._tenant_id, p.servicePlanId, max(p.servicePlanName) AS servicePlanName
    FROM {schema}.subscribed_skus AS k, unnest(k.servicePlans) AS plans(p)
    WHERE p.servicePlanId IS NOT NULL
    GROUP BY ALL
),
names AS (
    SELECT _tenant_id, map(list(servicePlanId), list(servicePlanName)) AS plan
    FROM plans
    GROUP BY ALL
)
SELECT
    a._tenant_id,
    a.id AS userId,
    a.skuId,
    a.assignedByGroup AS groupId,
    a.userPrincipalName,
    a.displayName AS userDisplayName,
    a.accountEnabled,
    k.skuPartNumber,
    coalesce(list_contains([l.skuId FOR l IN a.assignedLicenses], a.skuId), false) AS isAssigned,
    a.assignedBy,
    g.displayName AS groupDisplayName,
    a.state,
    a.error,
    a.lastUpdatedDateTime,
    a.disabledPlans,
    [n.plan[d] FOR d IN a.disabledPlans] AS disabledPlanNames
FROM assignments AS a
LEFT JOIN skus AS k ON k._tenant_id = a._tenant_id AND k.skuId = a.skuId
LEFT JOIN names AS n ON n._tenant_id = a._tenant_id
LEFT JOIN {schema}.groups AS g ON g._tenant_id = a._tenant_id AND g.id = a.assignedByGroup
