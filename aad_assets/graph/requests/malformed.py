"""Bodies that cannot be decoded: truncated ones, which another attempt may complete, and malformed ones, which stay so."""

import re

import httpx
import msgspec

from aad_assets.errors import InvalidResponse
from aad_assets.graph.requests.foreign_responses import media_type

_IN_STREAM_ERROR = re.compile(rb'"(?:odata\.)?error"\s*:\s*\{')
_LAST = 10_000
"""Bytes at the end of a body in which a service that fails midway writes an error."""

_POSITION = re.compile(r"invalid (character|number) \(byte (\d{1,15})\)")

_NO_JSON = re.compile(rb"""[\w'`/+.-]""", re.ASCII)
"""The first character of a value that a serializer wrote and JSON does not have: NaN, undefined, 'text', a comment."""


def decoding_problem(body: bytes, error: ValueError | RecursionError) -> tuple[str, bool]:
    """Return the decoder's reason, without quoting `body`, and whether it is permanent.

    A body that is truncated, damaged in transit or of another form than expected may be right next time. So may one that
    ends in an error: a service that fails in the middle of a response cannot take back its 200, and leaves the body malformed
    (OData Protocol 4.01, 11.2.2 and 9.5).
    """
    if isinstance(error, RecursionError):
        return "it is nested too deeply", True
    if isinstance(error, UnicodeDecodeError):
        return f"invalid UTF-8 ({error.reason})", True
    reason = str(error) if isinstance(error, msgspec.MsgspecError) else type(error).__name__
    if isinstance(error, msgspec.ValidationError) or "truncated" in reason or not body.lstrip().startswith((b"{", b"[")):
        return reason, False
    return reason, not _IN_STREAM_ERROR.search(body[-_LAST:]) and not _is_damaged(body, reason)


def _is_damaged(body: bytes, reason: str) -> bool:
    """Return whether a value is missing or cut, which the decoder reports by its first wrong character."""
    if (found := _POSITION.search(reason)) is None:
        return False
    position = int(found[2])
    return position >= len(body) - 1 or (found[1] == "character" and not _NO_JSON.match(body, position))


def malformed(request: str, headers: httpx.Headers, problem: str) -> InvalidResponse:
    """Return the error for a 200 to `request` (`GET /users`) whose body has a `problem`."""
    kind, request_id = media_type(headers) or "no content type", headers.get("request-id") or "none"
    return InvalidResponse(
        f"{request} returned 200 ({kind}) with a body that cannot be decoded: {problem} (request-id {request_id}). "
        "Reload later. If it happens again, check whether a proxy changes responses, and report it."
    )
