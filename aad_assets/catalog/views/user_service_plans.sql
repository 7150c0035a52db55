WITH contents AS (
    SELECT DISTINCT k._tenant_id, p.servicePlanId, p.servicePlanName, k.skuId, k.skuPartNumber
    FROM {schema}.subscribed_skus AS k, unnest(k.servicePlans) AS plans(p)
    WHERE p.servicePlanId IS NOT NULL
),
plans AS (
    SELECT
        _tenant_id,
        servicePlanId,
        max(servicePlanName) AS servicePlanName,
        list({'skuId': skuId, 'skuPartNumber': skuPartNumber} ORDER BY skuPartNumber) AS skus
    FROM contents
    GROUP BY ALL
),
assigned AS (
    SELECT
        u._tenant_id, u.id, u.userPrincipalName, u.displayName, u.accountEnabled,
        a.servicePlanId, a.service, a.capabilityStatus, a.assignedDateTime,
        -- The user's licences that have the plan switched on, if they contain it.
        [
            l.skuId FOR l IN u.assignedLicenses
            IF NOT coalesce(list_contains(l.disabledPlans, a.servicePlanId), false)
        ] AS skuIds
    FROM {schema}.users AS u, unnest(u.assignedPlans) AS plans(a)
    WHERE a IS NOT NULL
)
SELECT
    a._tenant_id,
    a.id AS userId,
    a.servicePlanId,
    a.userPrincipalName,
    a.displayName AS userDisplayName,
    a.accountEnabled,
    p.servicePlanName,
    a.service,
    a.capabilityStatus,
    a.assignedDateTime,
    [s.skuPartNumber FOR s IN p.skus IF list_contains(a.skuIds, s.skuId)] AS skuPartNumbers
FROM assigned AS a
LEFT JOIN plans AS p ON p._tenant_id = a._tenant_id AND p.servicePlanId = a.servicePlanId
