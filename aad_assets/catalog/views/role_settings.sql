-- The settings of directory roles and of groups, whose tables and first columns are parameters.
-- The ids of the rules are fixed: learn.microsoft.com/graph/identity-governance-pim-rules-overview.
WITH rules AS (
    SELECT _tenant_id, id AS policyId, unnest(rules) AS rule
    FROM {schema}.{policies}
),
parsed AS (
    SELECT
        _tenant_id, policyId, rule,
        rule ->> '$.id' AS id,
        TRY_CAST(rule ->> '$.isExpirationRequired' AS BOOLEAN) AS expires,
        rule ->> '$.maximumDuration' AS duration,
        regexp_extract(
            rule ->> '$.maximumDuration', '^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:([0-9.]+)S)?)?$', ['d', 'h', 'm', 's']
        ) AS part,
        [lower(e) FOR e IN json_extract_string(rule, '$.enabledRules[*]')] AS enabled
    FROM rules
),
timed AS (
    SELECT
        *,
        nullif(
            coalesce(TRY_CAST(part.d AS DOUBLE), 0) * 24 + coalesce(TRY_CAST(part.h AS DOUBLE), 0)
            + coalesce(TRY_CAST(part.m AS DOUBLE), 0) / 60 + coalesce(TRY_CAST(part.s AS DOUBLE), 0) / 3600,
            0
        ) AS hours
    FROM parsed
),
settings AS (
    SELECT
        _tenant_id,
        policyId,
        any_value(duration) FILTER (id = 'Expiration_EndUser_Assignment') AS activationMaximumDuration,
        any_value(hours) FILTER (id = 'Expiration_EndUser_Assignment') AS activationMaximumHours,
        any_value(enabled) FILTER (id = 'Enablement_EndUser_Assignment') AS activation,
        any_value(rule) FILTER (id = 'AuthenticationContext_EndUser_Assignment') AS context,
        any_value(rule) FILTER (id = 'Approval_EndUser_Assignment') AS approval,
        any_value(expires) FILTER (id = 'Expiration_Admin_Eligibility') AS eligibilityExpires,
        any_value(duration) FILTER (id = 'Expiration_Admin_Eligibility') AS eligibilityMaximumDuration,
        any_value(hours) FILTER (id = 'Expiration_Admin_Eligibility') AS eligibilityMaximumHours,
        any_value(expires) FILTER (id = 'Expiration_Admin_Assignment') AS assignmentExpires,
        any_value(duration) FILTER (id = 'Expiration_Admin_Assignment') AS assignmentMaximumDuration,
        any_value(hours) FILTER (id = 'Expiration_Admin_Assignment') AS assignmentMaximumHours,
        any_value(enabled) FILTER (id = 'Enablement_Admin_Assignment') AS assignment,
        any_value(rule) FILTER (id = 'Notification_Admin_Admin_Eligibility') AS eligibilityAlert,
        any_value(rule) FILTER (id = 'Notification_Admin_Admin_Assignment') AS assignmentAlert,
        any_value(rule) FILTER (id = 'Notification_Admin_EndUser_Assignment') AS activationAlert
    FROM timed
    GROUP BY ALL
),
approvers AS (
    SELECT
        _tenant_id, policyId,
        unnest(json_extract(approval, '$.setting.approvalStages[*].primaryApprovers[*]')) AS a
    FROM settings
),
identified AS (
    -- The documentation names userId and groupId. Responses are also known to have id instead.
    SELECT _tenant_id, policyId, coalesce(a ->> '$.userId', a ->> '$.groupId', a ->> '$.id') AS id, a ->> '$.description' AS name
    FROM approvers
),
named AS (
    SELECT
        i._tenant_id,
        i.policyId,
        list(i.id ORDER BY i.id) AS approverIds,
        list(coalesce(u.displayName, g.displayName, i.name) ORDER BY i.id) AS approverNames
    FROM identified AS i
    LEFT JOIN {schema}.users AS u ON u._tenant_id = i._tenant_id AND u.id = i.id
    LEFT JOIN {schema}.groups AS g ON g._tenant_id = i._tenant_id AND g.id = i.id
    WHERE i.id IS NOT NULL
    GROUP BY ALL
)
SELECT
    a._tenant_id,
    {identity},
    a.policyId,
    s.activationMaximumDuration,
    s.activationMaximumHours,
    list_contains(s.activation, 'multifactorauthentication') AS activationRequiresMfa,
    CASE WHEN (s.context ->> '$.isEnabled') = 'true' THEN s.context ->> '$.claimValue' END AS activationAuthenticationContext,
    list_contains(s.activation, 'justification') AS activationRequiresJustification,
    list_contains(s.activation, 'ticketing') AS activationRequiresTicket,
    TRY_CAST(s.approval ->> '$.setting.isApprovalRequired' AS BOOLEAN) AS activationRequiresApproval,
    n.approverIds,
    n.approverNames,
    NOT s.eligibilityExpires AS permanentEligibilityAllowed,
    CASE WHEN s.eligibilityExpires THEN s.eligibilityMaximumDuration END AS eligibilityMaximumDuration,
    CASE WHEN s.eligibilityExpires THEN s.eligibilityMaximumHours / 24 END AS eligibilityMaximumDays,
    NOT s.assignmentExpires AS permanentAssignmentAllowed,
    CASE WHEN s.assignmentExpires THEN s.assignmentMaximumDuration END AS assignmentMaximumDuration,
    CASE WHEN s.assignmentExpires THEN s.assignmentMaximumHours / 24 END AS assignmentMaximumDays,
    list_contains(s.assignment, 'multifactorauthentication') AS assignmentRequiresMfa,
    list_contains(s.assignment, 'justification') AS assignmentRequiresJustification,
    TRY_CAST(s.eligibilityAlert ->> '$.isDefaultRecipientsEnabled' AS BOOLEAN) AS eligibilityAlertsAdmins,
    json_extract_string(s.eligibilityAlert, '$.notificationRecipients[*]') AS eligibilityAlertRecipients,
    TRY_CAST(s.assignmentAlert ->> '$.isDefaultRecipientsEnabled' AS BOOLEAN) AS assignmentAlertsAdmins,
    json_extract_string(s.assignmentAlert, '$.notificationRecipients[*]') AS assignmentAlertRecipients,
    TRY_CAST(s.activationAlert ->> '$.isDefaultRecipientsEnabled' AS BOOLEAN) AS activationAlertsAdmins,
    json_extract_string(s.activationAlert, '$.notificationRecipients[*]') AS activationAlertRecipients
FROM {schema}.{assignments} AS a
LEFT JOIN settings AS s ON s._tenant_id = a._tenant_id AND s.policyId = a.policyId
LEFT JOIN named AS n ON n._tenant_id = a._tenant_id AND n.policyId = a.policyId
LEFT JOIN {schema}.{holders} AS d ON d._tenant_id = a._tenant_id AND d.id = a.{holder}
