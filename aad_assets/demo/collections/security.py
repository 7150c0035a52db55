"""Identity protection, and what users have registered and when they last signed in."""

from functools import partial

from .. import errors
from ..directory.rendering import Kind
from ..tenant import Directory
from .declaration import Collection

_protection = partial(Collection, page=500, default_page=20, family="protection", scan=True)


def _sign_in_activity(directory: Directory, _: tuple[int, ...]) -> Kind:
    return directory.people.sign_in_activity


COLLECTIONS = (
    Collection(
        "user_sign_in_activity",
        "/users",
        "user",
        _sign_in_activity,
        ("AuditLog.Read.All",),
        page=500,
        family="sign_in_activity",
        licence="P1",
        unlicensed=errors.unlicensed,
        form="view",
    ),
    Collection(
        "user_registration_details",
        "/reports/authenticationMethods/userRegistrationDetails",
        "userRegistrationDetails",
        lambda directory, _: directory.risks.registrations,
        ("AuditLog.Read.All",),
        family="reports",
        scan=True,
        licence="P1",
        unlicensed=errors.unlicensed,
    ),
    _protection(
        "risky_users",
        "/identityProtection/riskyUsers",
        "riskyUser",
        lambda directory, _: directory.risks.users,
        ("IdentityRiskyUser.Read.All", "IdentityRiskyUser.ReadWrite.All"),
        licence="P2",
    ),
    _protection(
        "risk_detections",
        "/identityProtection/riskDetections",
        "riskDetection",
        lambda directory, _: directory.risks.detections,
        ("IdentityRiskEvent.Read.All", "IdentityRiskEvent.ReadWrite.All"),
        licence="P1",
        unlicensed=errors.unlicensed,
    ),
    _protection(
        "risky_service_principals",
        "/identityProtection/riskyServicePrincipals",
        "riskyServicePrincipal",
        lambda directory, _: directory.risks.principals,
        ("IdentityRiskyServicePrincipal.Read.All", "IdentityRiskyServicePrincipal.ReadWrite.All"),
        licence="Workload ID",
    ),
    _protection(
        "service_principal_risk_detections",
        "/identityProtection/servicePrincipalRiskDetections",
        "servicePrincipalRiskDetection",
        lambda directory, _: directory.risks.principal_detections,
        ("IdentityRiskyServicePrincipal.Read.All", "IdentityRiskEvent.Read.All"),
        licence="Workload ID",
    ),
)
