-- assignedLicenses has the licences that a user has, licenseAssignmentStates where each comes from.
WITH licences AS (
    SELECT _tenant_id, id, userPrincipalName, displayName, accountEnabled, unnest(assignedLicenses) AS l
    FROM {schema}.users
),
states AS (
    SELECT _tenant_id, id, unnest(licenseAssignmentStates) AS s
    FROM {schema}.users
),
sources AS (
    SELECT
        x._tenant_id,
        x.id,
        x.s.skuId AS skuId,
        bool_or(x.s.assignedByGroup IS NULL) AS isDirect,
        list(x.s.assignedByGroup ORDER BY x.s.assignedByGroup) FILTER (x.s.assignedByGroup IS NOT NULL) AS groupIds,
        list(g.displayName ORDER BY x.s.assignedByGroup) FILTER (x.s.assignedByGroup IS NOT NULL) AS groupDisplayNames
    FROM states AS x
    LEFT JOIN {schema}.groups AS g ON g._tenant_id = x._tenant_id AND g.id = x.s.assignedByGroup
    WHERE x.s.state IN ('Active', 'ActiveWithError')
    GROUP BY ALL
),
skus AS (
    SELECT _tenant_id, skuId, max(skuPartNumber) AS skuPartNumber, any_value(servicePlans) AS servicePlans
    FROM {schema}.subscribed_skus
    GROUP BY ALL
)
SELECT
    l._tenant_id,
    l.id AS userId,
    l.l.skuId AS skuId,
    l.userPrincipalName,
    l.displayName AS userDisplayName,
    l.accountEnabled,
    k.skuPartNumber,
    c.isDirect,
    coalesce(c.groupIds, []) AS groupIds,
    coalesce(c.groupDisplayNames, []) AS groupDisplayNames,
    l.l.disabledPlans AS disabledPlans,
    [p.servicePlanName FOR p IN k.servicePlans
     IF p.appliesTo = 'User' AND NOT coalesce(list_contains(l.l.disabledPlans, p.servicePlanId), false)] AS enabledPlanNames
FROM licences AS l
LEFT JOIN sources AS c ON c._tenant_id = l._tenant_id AND c.id = l.id AND c.skuId = l.l.skuId
LEFT JOIN skus AS k ON k._tenant_id = l._tenant_id AND k.skuId = l.l.skuId
WHERE l.l IS NOT NULL
