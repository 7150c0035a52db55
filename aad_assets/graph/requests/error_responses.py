"""Error responses: what they say, and the exception that each becomes.

Sources: learn.microsoft.com/graph/errors; for permissions and licences, the responses of live tenants, because codes and
wording differ from one API to the next. Every 401 and 403 means a missing permission, unless it says otherwise.
"""

import email.utils
import math
import re
import time
from collections.abc import Mapping
from datetime import UTC
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
    RoleMissing,
)
from aad_assets.masking import masked

TRANSIENT = frozenset({408, 429, 500, 502, 503, 504, 509})
"""Statuses after which a request is retried."""

# Directory_ExpiredPageToken, DirectoryPageTokenNotFoundException, and the logs' wording under other codes or none.
_EXPIRED_PAGE = re.compile("ExpiredPageToken|PageTokenNotFound|page token|skip token|^token not found", re.IGNORECASE)
_LICENCE_CODE = re.compile(
    "Authentication_RequestFromNonPremiumTenantOrB2CTenant|AadPremiumLicenseRequired|^NoLicense|^TenantNotLicensed",
    re.IGNORECASE,
)
_LICENCE_TEXT = re.compile(
    "not licensed for this feature"
    # Whole words only: the name of a permission, such as LicenseAssignment.Read.All, does not count.
    r"|does ?n[o']t (meet|have)\b.{0,30}\blicen[sc]e[sd]?\b|\b(needs?|requires?)\b.{0,80}\blicen[sc]e[sd]?\b",
    re.IGNORECASE,
)
# Authentication_ApplicationHasNoDirectoryReadAccess comes with "Failed to do premium license check".
_PERMISSION_CODE = re.compile("^Authentication_(MSGraphPermissionMissing|ApplicationHasNo)|^PermissionScopeNotGranted")
# Exchange reports with several statuses that a user has no mailbox (learn.microsoft.com/graph/errors and its own codes).
_NO_MAILBOX_CODE = re.compile("^Mailbox(Not|Inactive)|NonExistentMailbox|^ErrorInvalidUser", re.IGNORECASE)
_ROLE_CODE = "Authentication_RequestFromUnsupportedUserRole"
_PERMISSION_NAME = re.compile(r"(?<![\w.-])[A-Z][\w-]*\.(?:Read|Manage|AccessAs)\w*(?:\.[A-Z]\w*)?", re.ASCII)

_MAX_CHARACTERS = 500
"""Characters of a message that are shown."""

_MAX_READ_CHARACTERS = 10_000
"""Characters of a message that are read."""

_MAX_SCOPES = 20

_MAX_RETRY_AFTER = 86_400.0
"""Seconds. Larger values ask for no wait that makes sense: Graph was seen to send one of 1,209,600."""


def read_error_response(request: str, status: int, headers: Mapping[str, str], body: bytes) -> ErrorResponse:
    """Parse an error response to `request` (`GET /users`). A body of an unknown form is not quoted."""
    members = _members(_decode(body))
    error = _members(members.get("error"))
    inner = _members(error.get("innerError") or error.get("innererror"))
    # The response to a request for too many users with their sign-in activity has its text in `value`, and no `error`.
    message, wrapped_code = _unwrapped(_text(error.get("message") if "error" in members else members.get("value")))
    scopes = tuple(dict.fromkeys(_PERMISSION_NAME.findall(message)))[:_MAX_SCOPES]
    if status == 200:
        message = "the body is truncated or not of the expected form"
    return ErrorResponse(
        status,
        _text(error.get("code")),
        _shortened(message),
        # Items of a batch may carry the id in the body only.
        headers.get("request-id") or _shortened(_text(inner.get("request-id"))),
        request,
        _text(inner.get("code")) or wrapped_code,
        scopes,
    )


def _unwrapped(message: str) -> tuple[str, str]:
    """Return a message and its code; privileged identity management writes both as JSON into the message."""
    wrapped = _members(_decode(message.encode())) if message.startswith("{") else {}
    text, code = _text(wrapped.get("message")), _text(wrapped.get("errorCode"))
    return (": ".join(filter(None, (code, text))), code) if text or code else (message, "")


def _decode(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return None


def _members(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    """Return the text in one printable line: some services put a whole HTML page into `message`."""
    if not isinstance(value, str | int):
        return ""
    line = " ".join("".join(each if each.isprintable() else " " for each in str(value)[:_MAX_READ_CHARACTERS]).split())
    return masked(line)  # before it is shortened: the start of a secret could not be recognised


def _shortened(text: str) -> str:
    return text if len(text) <= _MAX_CHARACTERS else f"{text[:_MAX_CHARACTERS]}…"


def graph_error(response: ErrorResponse) -> GraphError:
    """Return the exception for an error response, by what can be done about it."""
    texts = (response.code, response.inner_code, response.message)
    if 400 <= response.status < 500 and any(map(_NO_MAILBOX_CODE.search, texts[:2])):
        return NotFound(response)
    if response.status in (400, 403) and _lacks_licence(response, texts):
        return LicenceMissing(response)
    if response.status == 401 and "audience" in response.message.lower():
        return RequestRejected(
            response, "The token is for another cloud. Check AAD_CLOUD, AAD_AUTHORITY_URL and AAD_GRAPH_BASE_URL"
        )
    if response.status in (401, 403):
        return RoleMissing(response) if _ROLE_CODE in texts else PermissionMissing(response)
    if response.status in (400, 404, 410) and any(map(_EXPIRED_PAGE.search, texts)):
        return PageTokenExpired(response)
    if response.status == 404:
        return NotFound(response)
    if response.status in TRANSIENT:
        return GraphUnavailable(response)
    return RequestRejected(response)


def _lacks_licence(response: ErrorResponse, texts: tuple[str, ...]) -> bool:
    """Return whether the response is about a licence, and not about a permission that a licence check needs."""
    if any(map(_LICENCE_CODE.search, texts)):
        return True
    return not response.scopes and not any(map(_PERMISSION_CODE.search, texts)) and any(map(_LICENCE_TEXT.search, texts))


def retry_after_seconds(headers: httpx.Headers) -> float | None:
    """Return `Retry-After`, in seconds or as a date (RFC 9110, 10.2.3), as seconds from now; of several the largest.

    None if it is absent, invalid or absurd. The caller then backs off.
    """
    values = [*headers.get_list("Retry-After"), *headers.get_list("Retry-After", split_commas=True)]
    found = [seconds for value in values if (seconds := _seconds(value.strip())) is not None]
    return max(found, default=None)


def _seconds(value: str) -> float | None:
    try:
        seconds = float(value)
    except ValueError:
        seconds = _until(value)
    return max(0.0, seconds) if math.isfinite(seconds) and seconds <= _MAX_RETRY_AFTER else None


def _until(date: str) -> float:
    """Return the seconds until a date, which is in UTC unless it says otherwise; NaN if it is invalid."""
    try:
        at = email.utils.parsedate_to_datetime(date)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() - time.time()
    except (ValueError, TypeError, OverflowError, IndexError):
        return math.nan
