"""The logs. Graph keeps them for 30 days (directory audits for 7 days in a free tenant); the tables keep them."""

from aad_assets.catalog.entity import Entity, Family, Group, Licence, Shape

ENTITIES = (
    Entity(
        table="sign_ins",
        path="/auditLogs/signIns",
        type="signIn",
        group=Group.LOGS,
        description="Interactive sign-ins: who signed in, from where, to which app, and the result of conditional access.",
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
        description="Changes to the directory: who made which change to which object.",
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
        description="Actions of the provisioning service in connected systems.",
        permissions=("ProvisioningLog.Read.All",),
        shape=Shape.LOG,
        history=False,
        page_size=1000,
        family=Family.REPORTS,
        licence=Licence.P1,
        time_property="activityDateTime",
    ),
)
