"""Error responses: what they say, and the exception that each becomes.

Sources: learn.microsoft.com/graph/errors; for licences, the responses of live tenants, because the wording differs from one
API to the next.
"""

import email.utils
import re
import time
from collections.abc import Mapping
from typing import Any

import httpx
import msgspec

from aad_assets.errors import (
    ErrorResponse,
    GraphError,
    GraphUnavailable,
    LicenceMissing,
    NotFound,
    PageTokenExpired,
    PermissionMissing,
    RequestRejected,
)

TRANSIENT = frozenset({408, 429, 500, 502, 503, 504, 509})
"""Statuses after which a request is retried."""

# Directory_ExpiredPageToken, DirectoryPageTokenNotFoundException, and the logs' wording under other codes or none.
_EXPIRED_PAGE = re.compile("ExpiredPageToken|PageTokenNotFound|page token|skip token|^token not found", re.IGNORECASE)
_NO_LICENCE = re.compile(
    "Authentication_RequestFromNonPremiumTenantOrB2CTenant|AadPremiumLicenseRequired|^NoLicense|^TenantNotLicensed"
    "|not licensed for this feature"
    # Whole words only: the name of a permission, such as LicenseAssignment.Read.All, does not count.
    r"|does ?n[o']t (meet|have)\b.{0,30}\blicen[sc]e[sd]?\b|\b(needs?|requires?)\b.{0,80}\blicen[sc]e[sd]?\b",
    re.IGNORECASE,
)


_MAX_CHARACTERS = 500
"""Characters of a message that are shown."""


def read_error_response(request: str, status: int, headers: Mapping[str, str], body: bytes) -> ErrorResponse:
    """Parse an error response to `request` (`GET /users`). A body that is not an error object is not quoted."""
    error = _members(_members(_decode(body)).get("error"))
    inner = _members(error.get("innerError") or error.get("innererror"))
    message = "the body is truncated or not of the expected form" if status == 200 else _text(error.get("message"))
    # Items of a batch may carry the id in the body only.
    request_id = headers.get("request-id") or _text(inner.get("request-id"))
    return ErrorResponse(status, _text(error.get("code")), message, request_id, request, _text(inner.get("code")))


def _decode(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return None


def _members(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    """Return the text in one printable line of bounded length: some services put a whole HTML page into `message`."""
    if not isinstance(value, str | int):
        return ""
    text = " ".join("".join(each if each.isprintable() else " " for each in str(value)).split())
    return text if len(text) <= _MAX_CHARACTERS else f"{text[:_MAX_CHARACTERS]}…"


def graph_error(response: ErrorResponse) -> GraphError:
    """Return the exception for an error response, by what can be done about it."""
    texts = (response.code, response.inner_code, response.message)
    if response.status in (400, 403) and any(map(_NO_LICENCE.search, texts)):
        return LicenceMissing(response)
    if response.status == 401 and "audience" in response.message.lower():
        return RequestRejected(
            response, "The token is for another cloud. Check AAD_CLOUD, AAD_AUTHORITY_URL and AAD_GRAPH_BASE_URL"
        )
    if response.status == 401 or (response.status == 403 and response.code == "Authorization_RequestDenied"):
        return PermissionMissing(response)
    if response.status in (400, 404, 410) and any(map(_EXPIRED_PAGE.search, texts)):
        return PageTokenExpired(response)
    if response.status == 404:
        return NotFound(response)
    if response.status in TRANSIENT:
        return GraphUnavailable(response)
    return RequestRejected(response)


def retry_after_seconds(headers: httpx.Headers) -> float | None:
    """Return `Retry-After`, given in seconds or as a date, as seconds from now; None if it is absent or invalid."""
    value = headers.get("Retry-After")
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        try:
            return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
        except ValueError:
            return None
