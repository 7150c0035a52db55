"""Errors of the sign-in service: one exception, and a table of their wordings (errors.yaml)."""

import time
import uuid
from datetime import UTC, datetime
from typing import Any

from starlette.responses import JSONResponse

from ..data import table

_ERRORS: dict[str, tuple[int, str, int, str]] = table(__package__, "errors")


class AadError(Exception):
    """An error of the table; `values` fill its placeholders."""

    def __init__(self, name: str, /, **values: Any) -> None:
        self._status, self._error, self._code, text = _ERRORS[name]
        self._text = text.format(**values)
        super().__init__(self._text)

    def body(self, clock_offset: float = 0.0) -> dict[str, Any]:
        """Return the JSON object; its timestamp is the service's clock."""
        now = datetime.fromtimestamp(time.time() + clock_offset, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
        text = f"{self._text} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {now}"
        return {
            "error": self._error,
            "error_description": f"AADSTS{self._code}: {text}",
            "error_codes": [self._code],
            "timestamp": now,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"https://login.microsoftonline.com/error?code={self._code}",
        }

    def response(self, clock_offset: float = 0.0) -> JSONResponse:
        """Return the response of a token endpoint."""
        return JSONResponse(self.body(clock_offset), self._status)


def reject(condition: object, name: str, /, **values: Any) -> None:
    """Raise the error that errors.yaml defines under `name` if the condition is true."""
    if condition:
        raise AadError(name, **values)
