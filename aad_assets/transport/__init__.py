"""The network: HTTP clients for sign-in and Graph, the proxies of the environment, and bounded bodies.

See also `graph/requests/client.py` for retries and rate limits, and `identity/authority.py` for retries of sign-in.
"""

from aad_assets.transport.bodies import MAX_BODY, Inflater, UnsuitableBody
from aad_assets.transport.clients import (
    SIGN_IN_TIMEOUT,
    TIMEOUT,
    TRANSPORT_ERRORS,
    USER_AGENT,
    Transport,
    describe,
    tls_context,
)

__all__ = [
    "MAX_BODY",
    "SIGN_IN_TIMEOUT",
    "TIMEOUT",
    "TRANSPORT_ERRORS",
    "USER_AGENT",
    "Inflater",
    "Transport",
    "UnsuitableBody",
    "describe",
    "tls_context",
]
