"""Views named as the tables of Azure Monitor, for queries that come from Sentinel: the schema `<connection>_kql`.

They have every column of their table, and those that Azure Monitor calls otherwise. Sources:
learn.microsoft.com/azure/azure-monitor/reference/tables, at `signinlogs`, `auditlogs`, `aadriskyusers` and so on.
"""

from collections.abc import Sequence

from aad_assets.catalog.enums import Group
from aad_assets.catalog.view import SourceTable, View, ViewColumn

_TIME = ViewColumn("TimeGenerated", "When it happened.", "TIMESTAMPTZ")
_TENANT = ViewColumn("AADTenantId", "The tenant's GUID.")
_SIGN_IN = (
    _TIME,
    _TENANT,
    ViewColumn("ResultType", "The error code of the sign-in as text; `0` if it succeeded."),
    ViewColumn("ResultDescription", "Why the sign-in failed."),
    ViewColumn("Location", "The two-letter code of the country."),
)
_NEEDED = ("createdDateTime", "status", "location", "appliedConditionalAccessPolicies")


def _view(
    name: str, sources: Sequence[SourceTable], columns: Sequence[ViewColumn], purpose: str, query: str, file: str = ""
) -> View:
    table = sources[0].table
    return View(
        name=name,
        group=Group.LOGS,
        description=f"The table `{table}` as Azure Monitor names it.",
        sources=tuple(sources),
        columns=tuple(columns),
        purpose=purpose,
        query=query,
        source_file=f"kql/{file or name}",
        parameters=(("table", table),),
    )


def _beta(name: str, table: str) -> View:
    return _view(
        name,
        [SourceTable(table, _NEEDED)],
        _SIGN_IN,
        "Sign-ins by result.",
        f"SELECT ResultType, count(*) AS events\nFROM aad_kql.{name}\nGROUP BY ALL\nORDER BY ALL",
        "beta_sign_ins",
    )


AZURE_MONITOR_VIEWS = (
    _view(
        "SigninLogs",
        [SourceTable("sign_ins", (*_NEEDED, "userDisplayName", "userId")), SourceTable("users", ("id", "userType"))],
        (
            *_SIGN_IN,
            ViewColumn("Identity", "The user's display name."),
            ViewColumn("UserType", "`Member` or `Guest`, as the user is now. NULL if the user no longer exists."),
        ),
        "Failed sign-ins by error code.",
        "SELECT ResultType, ResultDescription, count(*) AS events\nFROM aad_kql.SigninLogs\nWHERE ResultType <> '0'\n"
        "GROUP BY ALL\nORDER BY ALL",
    ),
    _view(
        "AuditLogs",
        [
            SourceTable(
                "directory_audits",
                ("activityDateTime", "activityDisplayName", "operationType", "initiatedBy", "targetResources"),
            )
        ],
        (
            _TIME,
            _TENANT,
            ViewColumn("OperationName", "The activity, such as `Add member to group`."),
            ViewColumn("AADOperationType", "`Add`, `Update`, `Delete`, …"),
            ViewColumn("Identity", "The display name of the user or application that did it."),
            ViewColumn("Actor", "The user principal name, or the application's display name."),
            ViewColumn("ActorIPAddress", "The user's IP address."),
            ViewColumn("TargetName", "The display name of the first target."),
            ViewColumn("TargetId", "The id of the first target."),
            ViewColumn("TargetUserPrincipalName", "The user principal name of the first target, if it is a user."),
        ),
        "Activities, and how often they happened.",
        "SELECT OperationName, count(*) AS events\nFROM aad_kql.AuditLogs\nGROUP BY ALL\nORDER BY ALL",
    ),
    _view(
        "AADRiskyUsers",
        [SourceTable("risky_users", ("riskLastUpdatedDateTime",))],
        (_TIME, _TENANT),
        "Users at risk.",
        "SELECT userPrincipalName, riskLevel\nFROM aad_kql.AADRiskyUsers\nWHERE riskState = 'atRisk'\nORDER BY ALL",
    ),
    _view(
        "AADUserRiskEvents",
        [SourceTable("risk_detections", ("activityDateTime",))],
        (_TIME, _TENANT),
        "Risk events by type.",
        "SELECT riskEventType, count(*) AS events\nFROM aad_kql.AADUserRiskEvents\nGROUP BY ALL\nORDER BY ALL",
    ),
    _beta("AADNonInteractiveUserSignInLogs", "sign_ins_non_interactive"),
    _beta("AADServicePrincipalSignInLogs", "sign_ins_service_principal"),
    _beta("AADManagedIdentitySignInLogs", "sign_ins_managed_identity"),
)
"""The views of the schema `<connection>_kql`. They are no assets; a run that has them on writes them at its end."""
