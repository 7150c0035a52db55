"""Responses that are not Graph's, but those of a proxy, a firewall or a sign-in page on the way to it.

Graph sends a request-id with every response, and its errors are JSON objects with a member `error`
(learn.microsoft.com/graph/errors).
"""

import re
from urllib.parse import urlsplit

import httpx
import msgspec

from aad_assets.errors import NotFromGraph

_MARKS = ("request-id", "x-ms-ags-diagnostic")
"""Headers that Graph's own front end adds."""

_MEMBERS = frozenset({"value", "error", "responses"})
"""Members of Graph's responses to requests for lists and batches."""

_UNREADABLE_REQUEST = frozenset({400, 413, 414, 431})
"""Statuses with which a web server rejects a URL or headers, for their length above all, before Graph sees the request."""

_MEDIA_TYPE = re.compile(r"[\w.+-]{1,60}/[\w.+-]{1,60}", re.ASCII)

_REJECTED = re.compile(r"4(?!08|29)\d\d\b|Invalid username")
"""httpcore's texts for a rejected CONNECT (`407 Proxy Authentication Required`) and a rejected SOCKS password."""


def is_foreign(status: int, headers: httpx.Headers, body: bytes) -> bool:
    """Return whether a response cannot be Graph's: it has no request-id, and its body is not in a form that Graph uses.

    A 200 is foreign only if it is markup. Any other body may be a damaged one of Graph's; see `is_foreign_if_undecodable`.
    """
    if status in _UNREADABLE_REQUEST or any(name in headers for name in _MARKS):
        return False
    if status == 200:
        return "html" in media_type(headers) or body[:100].lstrip().startswith(b"<")
    members = _members(body)
    return not (isinstance(members.get("error"), dict) or any(name.startswith("@odata.") for name in members))


def is_foreign_if_undecodable(headers: httpx.Headers, body: bytes) -> bool:
    """Return whether a 200 that cannot be decoded is not Graph's: a text, or an object without any member of Graph's.

    A proxy may say in either form that it has blocked the request. A truncated or damaged body counts as Graph's.
    """
    if any(name in headers for name in _MARKS):
        return False
    try:
        found = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        kind = media_type(headers)
        return bool(kind and body.strip()) and "json" not in kind and not body.lstrip().startswith((b"{", b"["))
    return (
        bool(found) and isinstance(found, dict) and not any(name in _MEMBERS or name.startswith("@odata.") for name in found)
    )


def not_from_graph(request: str, status: int, headers: httpx.Headers) -> NotFromGraph:
    """Return the error for a foreign response to `request` (`GET /users`). Its body is not quoted."""
    kind = media_type(headers) or "no content type"
    target = f", a redirect to {host}" if 300 <= status < 400 and (host := _host(headers.get("Location", ""))) else ""
    return NotFromGraph(
        f"{request} returned {status} ({kind}){target}. The response is not from Graph, because it has no request-id and is "
        f"not in Graph's form. A proxy, a firewall or a sign-in page of the network sent it. Check AAD_GATEWAY_URL, "
        "HTTPS_PROXY, ALL_PROXY and NO_PROXY, what the network lets through, and AAD_GRAPH_BASE_URL."
    )


def proxy_rejected(request: str, why: str) -> NotFromGraph:
    """Return the error for a proxy that rejects the tunnel to Graph with `why` (`407 Proxy Authentication Required`)."""
    why = "".join(each for each in why if each.isprintable())[:100]
    return NotFromGraph(
        f"{request} did not reach Graph, because the proxy rejected the connection: {why}. Check AAD_GATEWAY_URL, "
        "HTTPS_PROXY, ALL_PROXY and NO_PROXY, and whether the proxy allows the host of Graph."
    )


def describe_foreign(headers: httpx.Headers) -> str:
    """Return the message of a foreign response that may be transient: that of a load balancer, with 502 or 503."""
    return f"the response is not from Graph ({media_type(headers) or 'no content type'})"


def is_permanent(error: httpx.ProxyError) -> bool:
    """Return whether a proxy rejected the tunnel for good, and not because it is busy or cannot reach Graph at the moment."""
    return bool(_REJECTED.match(str(error)))


def media_type(headers: httpx.Headers) -> str:
    """Return the media type, in lower case and without parameters; empty if there is none."""
    found = _MEDIA_TYPE.match(headers.get("Content-Type", "").strip())
    return found[0].lower() if found else ""


def _members(body: bytes) -> dict[str, object]:
    try:
        return msgspec.json.decode(body, type=dict[str, object])
    except (ValueError, RecursionError):
        return {}


def _host(url: str) -> str:
    """Return the host of a redirect, without the rest, which may name people; empty if there is none."""
    try:
        return re.sub(r"[^\w.:-]", "?", urlsplit(url).hostname or "")[:100]
    except ValueError:
        return ""
