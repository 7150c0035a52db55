"""What an answer that is no success says, and which exception that makes.

Sources: learn.microsoft.com/graph/errors, and for licences what live tenants were seen to answer: the words differ from one
API to the next. Not here: sending and retrying (`client.py`).
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

PASSING = frozenset({408, 429, 500, 502, 503, 504, 509})
# Directory_ExpiredPageToken, DirectoryPageTokenNotFoundException, and what the logs say under other codes or none.
_EXPIRED_PAGE = re.compile("ExpiredPageToken|PageTokenNotFound|page token|skip token|^token not found", re.IGNORECASE)
_NO_LICENCE = re.compile(
    "Authentication_RequestFromNonPremiumTenantOrB2CTenant|AadPremiumLicenseRequired|^NoLicense|^TenantNotLicensed"
    "|not licensed for this feature"
    # Whole words: the name of a permission, such as LicenseAssignment.Read.All, is none.
    r"|does ?n[o']t (meet|have)\b.{0,30}\blicen[sc]e[sd]?\b|\b(needs?|requires?)\b.{0,80}\blicen[sc]e[sd]?\b",
    re.IGNORECASE,
)


_SHOWN = 500
"""Characters of a message that are told."""


def read_error_response(told: str, status: int, headers: Mapping[str, str], body: bytes) -> ErrorResponse:
    """What an error answer says; a body that is no error object is told as such, without its content."""
    error = _members(_members(_decoded(body)).get("error"))
    inner = _members(error.get("innerError") or error.get("innererror"))
    message = "the body is cut off, or is not what was asked for" if status == 200 else _text(error.get("message"))
    # The items of a batch may have it in the body alone.
    request_id = headers.get("request-id") or _text(inner.get("request-id"))
    return ErrorResponse(status, _text(error.get("code")), message, request_id, told, _text(inner.get("code")))


def _decoded(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return None


def _members(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    """In one line that can be shown: some services answer with a whole page of HTML in `message`."""
    if not isinstance(value, str | int):
        return ""
    text = " ".join("".join(each if each.isprintable() else " " for each in str(value)).split())
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def error_for(answer: ErrorResponse) -> GraphError:
    """The exception that says what can be done about an answer that will not pass."""
    if answer.status in (400, 403) and any(map(_NO_LICENCE.search, (answer.code, answer.inner_code, answer.message))):
        return LicenceMissing(answer)
    if answer.status == 401 and "audience" in answer.message.lower():
        return RequestRejected(
            answer, "The token is for another cloud: check AAD_CLOUD, AAD_AUTHORITY_URL, AAD_GRAPH_BASE_URL"
        )
    if answer.status == 401 or (answer.status == 403 and answer.code == "Authorization_RequestDenied"):
        return PermissionMissing(answer)
    if answer.status in (400, 404, 410) and any(map(_EXPIRED_PAGE.search, (answer.code, answer.inner_code, answer.message))):
        return PageTokenExpired(answer)
    if answer.status == 404:
        return NotFound(answer)
    if answer.status in PASSING:
        return GraphUnavailable(answer)
    return RequestRejected(answer)


def retry_after_seconds(headers: httpx.Headers) -> float | None:
    """`Retry-After` as seconds from now, given in seconds or as a date; None when it is not given."""
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
