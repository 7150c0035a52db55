"""Refusals as Microsoft Graph words them: one exception, and a constructor per refusal.

Sign-in has its own form of errors: identity/.
"""

from collections.abc import Mapping


class GraphError(Exception):
    """An error answer: status, `error.code`, `error.message` and extra headers."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.headers = status, code, message, dict(headers or {})


def bad_request(message: str, code: str = "BadRequest") -> GraphError:
    """400."""
    return GraphError(400, code, message)


def unsupported(message: str) -> GraphError:
    """400 for a query that the directory does not support."""
    return GraphError(400, "Request_UnsupportedQuery", message)


def unknown_segment(segment: str) -> GraphError:
    """400 for a path that Graph does not know."""
    return GraphError(400, "BadRequest", f"Resource not found for the segment '{segment}'.")


def not_found(id_: str) -> GraphError:
    """404 for an object that does not exist."""
    return GraphError(
        404,
        "Request_ResourceNotFound",
        f"Resource '{id_}' does not exist or one of its queried reference-property objects are not present.",
    )


def denied() -> GraphError:
    """403 for a permission that the token lacks."""
    return GraphError(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")


def unlicensed() -> GraphError:
    """403 for a feature that the tenant has no licence for."""
    return GraphError(
        403,
        "Authentication_RequestFromNonPremiumTenantOrB2CTenant",
        "Neither tenant is B2C or tenant doesn't have premium license",
    )


def premium_required() -> GraphError:
    """400 for role management that the tenant has no P2 for."""
    return GraphError(
        400,
        "AadPremiumLicenseRequired",
        "The tenant needs to have Microsoft Entra ID P2 or Microsoft Entra ID Governance license.",
    )


def not_licensed() -> GraphError:
    """403 for other features without a licence."""
    return GraphError(403, "Forbidden", "Your tenant is not licensed for this feature.")


def filter_missing() -> GraphError:
    """400 for a collection that answers for one object at a time only."""
    return bad_request("The required $filter by group or principal is missing.", "MissingParameters")


def no_provider() -> GraphError:
    """400 for role management policies that are asked for without a scope."""
    inner = r'{"errorCode":"MissingProvider","message":"The provider is missing.","instanceAnnotations":[]}'
    return bad_request(inner, "UnknownError")


def unauthorized(message: str) -> GraphError:
    """401 with the challenge that names the authority."""
    challenge = (
        'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", '
        'client_id="00000003-0000-0000-c000-000000000000"'
    )
    return GraphError(401, "InvalidAuthenticationToken", message, {"WWW-Authenticate": challenge})


def throttled(retry_after: int | None) -> GraphError:
    """429; without Retry-After for the families that send none."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return GraphError(429, "TooManyRequests", "Too many requests", headers)


def expired_page() -> GraphError:
    """400 for a page token that has expired."""
    return GraphError(
        400,
        "Directory_ExpiredPageToken",
        "The specified page token value has expired and can no longer be included.",
    )
