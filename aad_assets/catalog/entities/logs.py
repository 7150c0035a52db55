"""The logs. Graph keeps them for 30 days (directory audits for 7 on a free tenant), the tables for good."""

from aad_assets.catalog.entity import Entity, Family, Group, Licence, Shape

ENTITIES = (
    Entity(
        table="sign_ins",
        path="/auditLogs/signIns",
        type="signIn",
        group=Group.LOGS,
        description="Interactive sign-ins: who, where from, to what, and what conditional access said.",
        permissions=("AuditLog.Read.All",),
        shape=Shape.LOG,
        history=False,
        page_size=1000,
        family=Family.REPORTS,
        licence=Licence.P1,
        time_property="createdDateTime",
    ),
    Entity(
        table="directory_audits",
        path="/auditLogs/directoryAudits",
        type="directoryAudit",
        group=Group.LOGS,
        description="Changes to the directory: who did what to whom.",
        permissions=("AuditLog.Read.All",),
        shape=Shape.LOG,
        history=False,
        page_size=1000,
        family=Family.REPORTS,
        time_property="activityDateTime",
    ),
    Entity(
        table="provisioning_events",
        path="/auditLogs/provisioning",
        type="provisioningObjectSummary",
        group=Group.LOGS,
        description="What the provisioning service did in connected systems.",
        permissions=("ProvisioningLog.Read.All",),
        shape=Shape.LOG,
        history=False,
        page_size=1000,
        family=Family.REPORTS,
        licence=Licence.P1,
        time_property="activityDateTime",
    ),
)
