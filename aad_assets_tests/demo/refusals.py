"""How Graph words a missing permission, by the beginning of the path: each family of APIs has a form of its own.

Sources: learn.microsoft.com/graph/json-batching (directory); issues graph-explorer 2731 (logs),
AlexFilipin/ConditionalAccess 10 (policies), EasyPIM 37 (PIM), docs-contrib 8800 (synchronization); the support article
403-error-when-calling-microsoft-graph-security-api (security).
"""

import re

_FORMS = {
    "/auditLogs": (403, "Authentication_MSGraphPermissionMissing"),
    "/reports": (403, "Authentication_MSGraphPermissionMissing"),
    "/identity/conditionalAccess": (403, "AccessDenied"),
    "/policies": (403, "AccessDenied"),
    "/policies/roleManagement": (403, "UnknownError"),
    "/roleManagement/directory/role(Assignment|Eligibility)Schedule": (403, "UnknownError"),
    "/roleManagement/entitlementManagement": (403, "UnknownError"),
    "/identityGovernance": (403, "UnknownError"),
    "/tenantRelationships": (403, "UnknownError"),
    "/identity/(identityProviders|b2xUserFlows|userFlowAttributes|auth|customAuth)": (403, "UnknownError"),
    "/identityProtection": (403, "Forbidden"),
    "/security": (403, "UnknownError"),
    "/servicePrincipals/[^/]+/synchronization": (401, "UnknownError"),
}
DIRECTORY = (403, "Authorization_RequestDenied")
LOGS = _FORMS["/auditLogs"]


def denied(path: str) -> tuple[int, str]:
    """Return status and code of the refusal of a path."""
    return next((form for start, form in reversed(_FORMS.items()) if re.match(start, path)), DIRECTORY)
