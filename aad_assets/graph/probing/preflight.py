"""The first word to Graph: whether it can be reached at all, and how large the tenant is.

Not here: sign-in (`sign_in.py`), whether an entity can be read (`probe.py`).
"""

import asyncio

from aad_assets.errors import ConfigurationError, GraphUnavailable
from aad_assets.graph.reading.collections import count
from aad_assets.graph.requests.client import GraphClient, RetryPolicy
from aad_assets.graph.requests.meter import Meter
from aad_assets.graph.requests.rate_limits import RateLimits
from aad_assets.identity.token_source import TokenSource
from aad_assets.transport import Transport

_SECONDS = 30.0
"""For a host that swallows what it is sent."""

_RETRY = RetryPolicy(attempts=5, patience=_SECONDS / 2)
"""Some ten seconds: long enough for a restart of a proxy, short enough to wait for.

A Graph that names a longer time has been reached: whoever asks it next waits for as long as it says.
"""


async def preflight(base_url: str, tokens: TokenSource, transport: Transport, rate_limits: RateLimits) -> None:
    """Find out soon that Graph cannot be reached, and how many users there are: the directory quota depends on it.

    Not being told how many means the smallest quota. Raises ConfigurationError.
    """
    async with GraphClient(base_url, tokens, transport, rate_limits, _RETRY) as client:
        try:
            async with asyncio.timeout(_SECONDS):
                users = await count(client, "/users", Meter())
        except (GraphUnavailable, TimeoutError) as error:
            why = error.response.message or error.response.code if isinstance(error, GraphUnavailable) else "no answer"
            raise ConfigurationError(
                f"Graph at {base_url} cannot be reached: {why}. "
                "Check the network, AAD_GRAPH_BASE_URL, AAD_CLOUD, AAD_GATEWAY_URL and AAD_CA_BUNDLE."
            ) from None
    if users is not None:
        rate_limits.size_for(users)
