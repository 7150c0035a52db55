WITH contents AS (
    SELECT _tenant_id, skuId, skuPartNumber, unnest(servicePlans) AS p
    FROM {schema}.subscribed_skus
),
plans AS (
    SELECT
        _tenant_id,
        p.servicePlanId AS servicePlanId,
        max(p.servicePlanName) AS servicePlanName,
        list(DISTINCT {'skuPartNumber': skuPartNumber, 'skuId': skuId} ORDER BY {'skuPartNumber': skuPartNumber, 'skuId': skuId})
            AS skus
    FROM contents
    WHERE p.servicePlanId IS NOT NULL
    GROUP BY ALL
),
listed AS (
    SELECT _tenant_id, id, userPrincipalName, displayName, accountEnabled, assignedLicenses, unnest(assignedPlans) AS a
    FROM {schema}.users
),
assigned AS (
    SELECT
        _tenant_id, id, userPrincipalName, displayName, accountEnabled,
        a.servicePlanId AS servicePlanId,
        a.service AS service,
        a.capabilityStatus AS capabilityStatus,
        a.assignedDateTime AS assignedDateTime,
        -- The licences that do not turn the plan off, whether or not they include it.
        [
            l.skuId FOR l IN assignedLicenses
            IF NOT coalesce(list_contains(l.disabledPlans, a.servicePlanId), false)
        ] AS skuIds
    FROM listed
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
