-- licenseAssignmentStates has the assignments of a user, assignedLicenses the licences that the user has. Each can contain rows
-- that the other lacks: a failed assignment, or a licence whose assignment Graph does not return.
WITH states AS (
    SELECT
        _tenant_id, id, userPrincipalName, displayName, accountEnabled,
        [l.skuId FOR l IN assignedLicenses] AS skuIds,
        unnest(licenseAssignmentStates) AS s
    FROM {schema}.users
),
licenses AS (
    SELECT
        _tenant_id, id, userPrincipalName, displayName, accountEnabled,
        [s.skuId FOR s IN licenseAssignmentStates] AS skuIds,
        unnest(assignedLicenses) AS l
    FROM {schema}.users
),
assignments AS (
    SELECT
        _tenant_id, id, userPrincipalName, displayName, accountEnabled,
        s.skuId AS skuId,
        coalesce(list_contains(skuIds, s.skuId), false) AS isAssigned,
        CASE WHEN s.assignedByGroup IS NULL THEN 'direct' ELSE 'group' END AS assignedBy,
        s.assignedByGroup AS groupId,
        s.state AS state,
        s.error AS error,
        s.lastUpdatedDateTime AS lastUpdatedDateTime,
        s.disabledPlans AS disabledPlans
    FROM states
    WHERE s IS NOT NULL
    UNION ALL
    SELECT
        _tenant_id, id, userPrincipalName, displayName, accountEnabled,
        l.skuId, true, NULL, NULL, NULL, NULL, NULL, l.disabledPlans
    FROM licenses
    WHERE l IS NOT NULL AND NOT coalesce(list_contains(skuIds, l.skuId), false)
),
skus AS (
    SELECT _tenant_id, skuId, max(skuPartNumber) AS skuPartNumber
    FROM {schema}.subscribed_skus
    GROUP BY ALL
),
contents AS (
    SELECT _tenant_id, unnest(servicePlans) AS p
    FROM {schema}.subscribed_skus
),
plans AS (
    SELECT _tenant_id, p.servicePlanId AS servicePlanId, max(p.servicePlanName) AS servicePlanName
    FROM contents
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
    a.groupId,
    a.userPrincipalName,
    a.displayName AS userDisplayName,
    a.accountEnabled,
    k.skuPartNumber,
    a.isAssigned,
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
LEFT JOIN {schema}.groups AS g ON g._tenant_id = a._tenant_id AND g.id = a.groupId
