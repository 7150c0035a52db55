"""Refusals as login.microsoftonline.com words them, and those that several grants share.

A refusal that one grant alone knows stands beside that grant.
"""

import time
import uuid
from datetime import UTC, datetime

from starlette.responses import JSONResponse


class AadError(Exception):
    """A refusal of the sign-in service: HTTP status, OAuth `error`, AADSTS number (0: none) and text."""

    def __init__(self, status: int, error: str, code: int, text: str) -> None:
        super().__init__(text)
        self.status, self.error, self.code, self.text = status, error, code, text

    def body(self, clock_offset: float = 0.0) -> dict[str, object]:
        """The JSON object; its timestamp is the service's clock."""
        now = datetime.fromtimestamp(time.time() + clock_offset, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
        text = f"{self.text} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {now}"
        return {
            "error": self.error,
            "error_description": f"AADSTS{self.code}: {text}" if self.code else text,
            "error_codes": [self.code] if self.code else [],
            "timestamp": now,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"https://login.microsoftonline.com/error?code={self.code}",
        }

    def response(self, clock_offset: float = 0.0) -> JSONResponse:
        """The answer of a token endpoint."""
        return JSONResponse(self.body(clock_offset), self.status)


def missing(parameter: str) -> AadError:
    """900144."""
    return AadError(400, "invalid_request", 900144, f"The request body must contain the following parameter: '{parameter}'.")


def unknown_tenant(tenant: str) -> AadError:
    """90002."""
    return AadError(
        400,
        "invalid_tenant",
        90002,
        f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the "
        "correct cloud. Check with your subscription administrator, this may happen if there are no active "
        "subscriptions for the tenant.",
    )


def unknown_app(client: str, domain: str) -> AadError:
    """700016."""
    return AadError(
        400,
        "unauthorized_client",
        700016,
        f"Application with identifier '{client}' was not found in the directory '{domain}'. This can happen if "
        "the application has not been installed by the administrator of the tenant or consented to by any user in "
        "the tenant. You may have sent your authentication request to the wrong tenant.",
    )


def invalid_scope(scope: str) -> AadError:
    """70011."""
    return AadError(
        400,
        "invalid_scope",
        70011,
        "The provided request must include a 'scope' input parameter. The provided value for the input parameter "
        f"'scope' is not valid. The scope {scope} is not valid.",
    )


def blocked() -> AadError:
    """53003: conditional access."""
    return AadError(
        400,
        "invalid_grant",
        53003,
        "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.",
    )


def not_consented(client: str) -> AadError:
    """65001."""
    return AadError(
        400,
        "invalid_grant",
        65001,
        f"The user or administrator has not consented to use the application with ID '{client}' named 'Entra inventory'. "
        "Send an interactive authorization request for this user and resource.",
    )
