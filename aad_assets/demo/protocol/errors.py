"""Errors of Microsoft Graph: one exception, and a table of their wordings (errors.yaml).

See also identity/errors.py: sign-in has errors of its own form.
"""

from collections.abc import Mapping
from typing import Any

from ..data import table

_ERRORS: dict[str, tuple[int, str | None, str]] = table(__package__, "errors")
_CHALLENGE = {
    "WWW-Authenticate": 'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", '
    'client_id="00000003-0000-0000-c000-000000000000"'
}


class GraphError(Exception):
    """An error response: status, `error.code`, `error.message`, extra headers. Without a code the body is a plain value."""

    def __init__(self, status: int, code: str | None, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.headers = status, code, message, dict(headers or {})


def error(name: str, /, headers: Mapping[str, str] | None = None, **values: Any) -> GraphError:
    """Return an error of the table; `values` fill its placeholders. A 401 names the authority in its challenge."""
    status, code, message = _ERRORS[name]
    return GraphError(status, code, message.format(**values), {**(_CHALLENGE if status == 401 else {}), **(headers or {})})


def reject(condition: object, name: str, /, **values: Any) -> None:
    """Raise the error that errors.yaml defines under `name` if the condition is true."""
    if condition:
        raise error(name, **values)


def throttled(retry_after: int | None) -> GraphError:
    """Return a 429; without Retry-After for the families that send none."""
    return error("throttled", None if retry_after is None else {"Retry-After": str(retry_after)})
