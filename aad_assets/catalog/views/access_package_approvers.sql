WITH policies AS (
    SELECT *, requestApprovalSettings.stages AS stages
    FROM {schema}.access_package_assignment_policies
),
numbered AS (
    SELECT *, unnest(stages) AS s, unnest(range(1, len(stages) + 1)) AS stage
    FROM policies
),
lists AS (
    SELECT *, unnest([
        {'role': 'primary', 'approvers': json_extract(s, '$.primaryApprovers[*]')},
        {'role': 'primaryFallback', 'approvers': json_extract(s, '$.fallbackPrimaryApprovers[*]')},
        {'role': 'escalation', 'approvers': json_extract(s, '$.escalationApprovers[*]')},
        {'role': 'escalationFallback', 'approvers': json_extract(s, '$.fallbackEscalationApprovers[*]')}
    ]) AS l
    FROM numbered
),
approvers AS (
    SELECT *, unnest(l.approvers) AS a
    FROM lists
),
identified AS (
    SELECT
        *,
        l.role AS approverRole,
        regexp_replace(a ->> '$."@odata.type"', '^#microsoft\.graph\.', '') AS approverType,
        -- The documentation names userId and groupId. Responses are also known to have id instead.
        coalesce(a ->> '$.userId', a ->> '$.groupId', a ->> '$.servicePrincipalId', a ->> '$.id') AS approverId
    FROM approvers
)
SELECT
    i._tenant_id,
    i.id AS assignmentPolicyId,
    i.stage::INTEGER AS stage,
    i.approverRole,
    i.approverType,
    i.approverId,
    i.displayName AS assignmentPolicyDisplayName,
    i.accessPackageId,
    p.displayName AS accessPackageDisplayName,
    coalesce(u.displayName, g.displayName, i.a ->> '$.description') AS approverDisplayName,
    TRY_CAST(i.a ->> '$.managerLevel' AS INTEGER) AS managerLevel,
    i.requestApprovalSettings.isApprovalRequiredForAdd AS isApprovalRequiredForAdd,
    i.requestApprovalSettings.isApprovalRequiredForUpdate AS isApprovalRequiredForUpdate,
    TRY_CAST(i.s ->> '$.isApproverJustificationRequired' AS BOOLEAN) AS isApproverJustificationRequired,
    TRY_CAST(i.s ->> '$.isEscalationEnabled' AS BOOLEAN) AS isEscalationEnabled,
    i.s ->> '$.durationBeforeAutomaticDenial' AS durationBeforeAutomaticDenial,
    i.s ->> '$.durationBeforeEscalation' AS durationBeforeEscalation
FROM identified AS i
LEFT JOIN {schema}.access_packages AS p ON p._tenant_id = i._tenant_id AND p.id = i.accessPackageId
LEFT JOIN {schema}.users AS u ON u._tenant_id = i._tenant_id AND u.id = i.approverId
LEFT JOIN {schema}.groups AS g ON g._tenant_id = i._tenant_id AND g.id = i.approverId
