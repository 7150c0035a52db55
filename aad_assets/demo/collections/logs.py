"""The logs: what happened, newest first, for a window of time."""

from functools import partial

from .. import errors
from .declaration import DIRECTORY_ROLES, Collection

_log = partial(Collection, page=1000, default_page=1000, family="reports", log=True)

COLLECTIONS = (
    _log(
        "sign_ins",
        "/auditLogs/signIns",
        "signIn",
        lambda directory, _: directory.sign_ins,
        ("AuditLog.Read.All",),
        licence="P1",
        unlicensed=errors.unlicensed,
    ),
    _log(
        "directory_audits",
        "/auditLogs/directoryAudits",
        "directoryAudit",
        lambda directory, _: directory.audits,
        ("AuditLog.Read.All", *DIRECTORY_ROLES),
    ),
    _log(
        "provisioning_events",
        "/auditLogs/provisioning",
        "provisioningObjectSummary",
        lambda directory, _: directory.provisioning,
        ("ProvisioningLog.Read.All", "AuditLog.Read.All"),
        licence="P1",
        unlicensed=errors.unlicensed,
    ),
)
