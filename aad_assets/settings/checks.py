"""Checks of single values. Each returns what the value must be, to follow the variable's name, or None if it is valid."""

import math
import re
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit

Check: TypeAlias = Callable[[Any], str | None]

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_YEAR = 366 * 24 * 3600.0
_OLDEST_DAYS = 36_500


def one_of(names: Collection[str]) -> Check:
    """Return a check that accepts only `names`."""

    def check(value: str) -> str | None:
        return None if value in names else f"must be one of {', '.join(names)}, not {value!r}"

    return check


def tenant(value: str) -> str | None:
    """Accept a GUID or a domain name."""
    return None if re.fullmatch(r"[A-Za-z0-9.-]+", value) else "must be a GUID or a domain"


def managed_identity(value: str) -> str | None:
    """Accept `system` or a GUID."""
    if re.fullmatch(r"system|[0-9a-fA-F-]{36}", value):
        return None
    return "must be system or the client ID of a user-assigned identity"


def file(value: str) -> str | None:
    """Accept the path of an existing file."""
    return None if Path(value).is_file() else f"must name an existing file, not {value}"


def https_url(value: str) -> str | None:
    """Accept an https:// URL without a user and a password."""
    if "@" in value:
        return "must be a URL without user and password"  # which the message must not quote
    return None if is_url(value, "https") else f"must be an https:// URL, not {value!r}"


def web_url(value: str) -> str | None:
    """Accept an https:// or http:// URL. The message never quotes the value, which may be a secret."""
    return None if is_url(value, "https", "http") else "must be an https:// or http:// URL"


def redirect_url(value: str) -> str | None:
    """Accept an https:// URL, or an http:// URL of this machine."""
    return None if is_url(value, "https") or is_loopback(value) else "must be an https:// URL or http://localhost"


def proxy_url(value: str) -> str | None:
    """Accept the URL of an HTTP or SOCKS5 proxy, with nothing after the port.

    What follows the port is the rest of a password that is not percent-encoded. The message never quotes the value, which
    may hold a password.
    """
    if is_url(value, "http", "https", "socks5", "socks5h"):
        parts = urlsplit(value)
        if parts.path in ("", "/") and not parts.query and not parts.fragment:
            return None
    return "must be http://host:port, https://… or socks5://…, with special characters of a password percent-encoded"


def positive(value: float) -> str | None:
    """Accept a finite number above 0."""
    return None if value > 0 and math.isfinite(value) else "must be a number greater than 0"


def duration(value: float) -> str | None:
    """Accept a number of seconds above 0, at most a year, which every timer can count."""
    return None if 0 < value <= _YEAR else "must be a number of seconds greater than 0, at most a year"


def wait(value: float) -> str | None:
    """Accept 0 and any number of seconds above it, at most a year."""
    return None if 0 <= value <= _YEAR else "must be 0 or a number of seconds greater than 0, at most a year"


def memory(value: str) -> str | None:
    """Accept an amount of memory above 0: `800MB`, `2GB`, `512MiB`."""
    found = re.fullmatch(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)\s?[KMGT]i?B", value, re.IGNORECASE)
    return None if found and float(found[1]) > 0 else "must be an amount such as 800MB or 2GB"


def long_secret(value: str) -> str | None:
    """Accept 16 characters or more. The message never quotes the value."""
    return None if len(value) >= 16 else "must have at least 16 characters"


def age(value: str) -> str | None:
    """Accept an age in days or weeks, at most 100 years: `400d`, `52w`."""
    found = re.fullmatch(r"([0-9]{1,5})([dw])", value)
    days = int(found[1]) * (7 if found[2] == "w" else 1) if found else 0
    return None if 0 < days <= _OLDEST_DAYS else "must be an age such as 400d or 52w, at most 100 years"


def log_days(value: int) -> str | None:
    """Accept 0 to 30 days (learn.microsoft.com/entra/identity/monitoring-health/reference-reports-data-retention)."""
    return None if 0 <= value <= 30 else "must be between 0 and 30, the number of days that Graph keeps its logs"


def is_url(text: str, *schemes: str) -> bool:
    """Return whether `text` is a URL with one of the schemes, a host name that DNS allows, and a valid port if any."""
    if not text.isprintable() or " " in text:
        return False
    try:
        parts = urlsplit(text)
        host = (parts.hostname or "").encode("idna")  # UnicodeError for labels that are empty or too long
        return parts.scheme in schemes and bool(host) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False


def is_loopback(url: str) -> bool:
    """Return whether `url` is an http:// URL of this machine."""
    return is_url(url, "http") and urlsplit(url).hostname in _LOOPBACK
