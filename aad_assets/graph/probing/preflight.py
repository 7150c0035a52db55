"""The first request of a run: whether Graph can be reached at all, and how large the tenant is."""

import asyncio

from aad_assets.errors import ConfigurationError, GraphUnavailable, InvalidResponse
from aad_assets.graph.reading.collections import fetch_count
from aad_assets.graph.requests.client import GraphClient
from aad_assets.graph.requests.meter import Meter
from aad_assets.graph.requests.rate_limits import RateLimits
from aad_assets.graph.requests.retries import RetryPolicy
from aad_assets.identity.token_source import TokenSource
from aad_assets.transport import Transport

_MAX_SECONDS = 30.0
"""Bound for a host that accepts connections and never responds."""

_RETRY = RetryPolicy(attempts=5, max_wait=_MAX_SECONDS / 2)
"""Some ten seconds: long enough for a proxy to restart, short enough to wait for.

A Graph that asks for more time has been reached; the requests that follow wait for as long as it says.
"""


async def preflight(base_url: str, tokens: TokenSource, transport: Transport, rate_limits: RateLimits) -> None:
    """Check that Graph can be reached, and adjust the directory's rate limit to the number of users.

    The smallest limit stays if Graph does not return the number. Raises ConfigurationError if Graph is unreachable.
    """
    async with GraphClient(base_url, tokens, transport, rate_limits, _RETRY) as client:
        try:
            async with asyncio.timeout(_MAX_SECONDS):
                users = await fetch_count(client, "/users", Meter())
        except InvalidResponse as error:
            raise ConfigurationError(str(error)) from None
        except (GraphUnavailable, TimeoutError) as error:
            why = "no response"
            if isinstance(error, GraphUnavailable):
                why = error.response.message or error.response.code
            through = f" through {proxy}" if (proxy := transport.describe_proxy(base_url)) else ""
            raise ConfigurationError(
                f"Graph at {base_url} cannot be reached{through}: {why}. "
                "Check the network, AAD_GRAPH_BASE_URL, AAD_CLOUD, AAD_GATEWAY_URL, HTTPS_PROXY, NO_PROXY and AAD_CA_BUNDLE."
            ) from None
    if users is not None:
        rate_limits.set_tenant_size(users)
