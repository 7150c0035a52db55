"""The lists inside the events of the logs."""

from aad_assets.catalog.enums import Group
from aad_assets.catalog.view import TENANT, SourceTable, View, ViewColumn

_AUDIT_ID = ViewColumn("auditId", "The event: `directory_audits.id`.")
_TARGET_ID = ViewColumn("targetId", "The object's id, in the table of its type, if it is in a table.")
_TARGET = (
    ViewColumn("targetType", "The type of the object: `User`, `Group`, `Application`, `ServicePrincipal`, `Policy`, …"),
    ViewColumn("targetDisplayName", "The object's name at the time of the event."),
    ViewColumn("targetUserPrincipalName", "The sign-in name of a user at the time of the event."),
)
_ACTIVITY = (
    ViewColumn("activityDateTime", "When it happened.", "TIMESTAMPTZ"),
    ViewColumn("activityDisplayName", "What happened, such as `Add member to role`."),
    ViewColumn("category", "The kind of object or activity: `UserManagement`, `GroupManagement`, `RoleManagement`, …"),
)
_INITIATOR = (
    ViewColumn("initiatedByUserId", "The user who did it: `users.id`. NULL if an application did it by itself."),
    ViewColumn("initiatedByUserPrincipalName", "The user's sign-in name."),
    ViewColumn(
        "initiatedByServicePrincipalId", "The application that did it: `service_principals.id`. NULL if a user did it."
    ),
    ViewColumn("initiatedByAppDisplayName", "The application's name."),
)

VIEWS = (
    View(
        name="directory_audit_targets",
        group=Group.LOGS,
        description="One row per audit event and object that it affected. Events without an object have no rows.",
        sources=(
            SourceTable(
                "directory_audits",
                (
                    "id",
                    "activityDateTime",
                    "activityDisplayName",
                    "category",
                    "correlationId",
                    "initiatedBy",
                    "loggedByService",
                    "operationType",
                    "result",
                    "resultReason",
                    "targetResources",
                ),
            ),
        ),
        columns=(
            TENANT,
            _AUDIT_ID,
            _TARGET_ID,
            *_TARGET,
            ViewColumn("targetGroupType", "Kind of a group: `unifiedGroups`, `azureAD`. NULL for other objects."),
            *_ACTIVITY,
            ViewColumn("operationType", "`Add`, `Update`, `Assign`, `Delete`, …"),
            ViewColumn("result", "`success`, `failure` or `timeout`."),
            ViewColumn("resultReason", "Why the activity failed or timed out."),
            ViewColumn("loggedByService", "The service that logged the event, such as `Core Directory`."),
            ViewColumn("correlationId", "Events of the same request have the same id."),
            *_INITIATOR,
            ViewColumn("initiatedByIpAddress", "The IP address of the user."),
        ),
        purpose="What happened to one user in the last 30 days, and who did it.",
        query="SELECT activityDateTime, activityDisplayName, result,\n"
        "       coalesce(initiatedByUserPrincipalName, initiatedByAppDisplayName) AS initiatedBy\n"
        "FROM aad.directory_audit_targets\n"
        "WHERE targetUserPrincipalName = 'anna@contoso.com' AND activityDateTime > now() - INTERVAL 30 DAY\n"
        "ORDER BY activityDateTime DESC",
    ),
    View(
        name="directory_audit_modified_properties",
        group=Group.LOGS,
        description="One row per audit event, affected object and property that changed, with the values before and after.",
        sources=(
            SourceTable(
                "directory_audits",
                (
                    "id",
                    "activityDateTime",
                    "activityDisplayName",
                    "category",
                    "initiatedBy",
                    "result",
                    "targetResources",
                ),
            ),
        ),
        columns=(
            TENANT,
            _AUDIT_ID,
            _TARGET_ID,
            ViewColumn("propertyName", "The property, or another detail of the event, such as `Role.DisplayName`."),
            *_TARGET,
            ViewColumn(
                "oldValue",
                'The value before, as text: `Sales` where Graph returns `"Sales"` or `["Sales"]`. NULL if there was none. A '
                "list of several values, or an object, is JSON.",
            ),
            ViewColumn("newValue", "The value after, in the same form."),
            *_ACTIVITY,
            ViewColumn("result", "`success`, `failure` or `timeout`."),
            *_INITIATOR,
        ),
        purpose="Directory roles that were assigned, to whom and by whom.",
        query="SELECT activityDateTime, targetUserPrincipalName, newValue AS role,\n"
        "       coalesce(initiatedByUserPrincipalName, initiatedByAppDisplayName) AS assignedBy\n"
        "FROM aad.directory_audit_modified_properties\n"
        "WHERE activityDisplayName = 'Add member to role' AND propertyName = 'Role.DisplayName'\n"
        "ORDER BY activityDateTime DESC",
    ),
    View(
        name="sign_in_conditional_access_policies",
        group=Group.LOGS,
        description="One row per interactive sign-in and conditional access policy that was evaluated, including policies "
        "that did not apply. Graph returns the policies only to an app that may also read conditional access policies "
        "(`Policy.Read.ConditionalAccess` or `Policy.Read.All`). Without that permission the view is empty.",
        sources=(
            SourceTable(
                "sign_ins",
                (
                    "id",
                    "appId",
                    "appDisplayName",
                    "appliedConditionalAccessPolicies",
                    "clientAppUsed",
                    "conditionalAccessStatus",
                    "createdDateTime",
                    "ipAddress",
                    "location",
                    "resourceId",
                    "status",
                    "userId",
                    "userDisplayName",
                    "userPrincipalName",
                ),
            ),
        ),
        columns=(
            TENANT,
            ViewColumn("signInId", "The sign-in: `sign_ins.id`."),
            ViewColumn("policyId", "The policy: `conditional_access_policies.id`."),
            ViewColumn("policyDisplayName", "The policy's name at the time of the sign-in."),
            ViewColumn("userPrincipalName", "The user's sign-in name."),
            ViewColumn("userDisplayName", "The user's display name."),
            ViewColumn("appDisplayName", "The name of the application that the user signed in to."),
            ViewColumn(
                "result",
                "The policy's result: `success`, `failure`, `notApplied`, `notEnabled`, or `reportOnlySuccess`, "
                "`reportOnlyFailure`, `reportOnlyNotApplied`, `reportOnlyInterrupted` for a policy in report-only mode.",
            ),
            ViewColumn("enforcedGrantControls", "The grant controls that the policy required, such as `Mfa`.", "VARCHAR[]"),
            ViewColumn("enforcedSessionControls", "The session controls that the policy required.", "VARCHAR[]"),
            ViewColumn("createdDateTime", "When the sign-in started.", "TIMESTAMPTZ"),
            ViewColumn("userId", "The user: `users.id`."),
            ViewColumn("appId", "The client id of the application."),
            ViewColumn("resourceId", "The client id of the API that the application asked for."),
            ViewColumn(
                "conditionalAccessStatus", "The result of all policies together: `success`, `failure` or `notApplied`."
            ),
            ViewColumn("errorCode", "The sign-in's error code. 0 means success.", "INTEGER"),
            ViewColumn("clientAppUsed", "The kind of client: `Browser`, `Mobile Apps and Desktop clients`, `IMAP4`, …"),
            ViewColumn("ipAddress", "The client's IP address."),
            ViewColumn("countryOrRegion", "The two-letter code of the client's country."),
        ),
        purpose="Whom report-only policies would have blocked in the last 7 days.",
        query="SELECT policyDisplayName, appDisplayName, count(DISTINCT userId) AS users, count(*) AS signIns\n"
        "FROM aad.sign_in_conditional_access_policies\n"
        "WHERE result = 'reportOnlyFailure' AND createdDateTime > now() - INTERVAL 7 DAY\n"
        "GROUP BY ALL\nORDER BY users DESC",
    ),
)
