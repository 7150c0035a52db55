"""The sign-in authority of a connection: found, asked again after passing faults, and told when it is out of reach.

Not here: what it is asked for (`credentials.py`, `delegated.py`).
"""

import asyncio
import random
from collections.abc import Callable
from time import monotonic
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx

from aad_assets.errors import ConfigurationError, SignInError
from aad_assets.identity.credentials import passes, sound
from aad_assets.identity.sign_in_errors import sign_in_error
from aad_assets.settings import CLOUDS, Connection
from aad_assets.transport import BROKEN, Transport, reason

T = TypeVar("T")

_ATTEMPTS = 4
_PATIENCE = 15.0
"""Seconds after which no further try is begun."""

Call = Callable[[httpx.Client], T]


class Authority:
    """Runs blocking calls to the authority, or to the machine's own endpoint for managed identities."""

    def __init__(self, connection: Connection, transport: Transport, clock: Callable[[], float] = monotonic) -> None:
        self._connection = connection
        self._transport = transport
        self._clock = clock

    async def ask(self, call: Call[T]) -> T:
        """`call` in a thread of its own, with a client through the gateway, again after passing faults."""
        return await self._retried(self._transport.blocking, call, self._unreachable)

    async def ask_machine(self, call: Call[T]) -> T:
        """The same with a client that goes around any proxy: the endpoint is link-local."""
        return await self._retried(self._transport.direct, call, self._no_machine)

    async def discovered(self) -> dict[str, Any]:
        """The tenant's OpenID configuration. Raises SignInError when the tenant is not here."""
        return await self.ask(self.discover)

    def discover(self, client: httpx.Client) -> dict[str, Any]:
        """The same, blocking. msal's own message for an unknown tenant hides the reason."""
        response = client.get(f"{self._connection.authority}/v2.0/.well-known/openid-configuration")
        try:
            answer: dict[str, Any] = dict(response.json())
        except (ValueError, TypeError):
            answer = {}
        if response.status_code == 200 or passes(response.status_code, answer):
            sound(response)
        if "issuer" not in answer or "token_endpoint" not in answer:
            raise sign_in_error(answer, f"{self._connection.authority} answered {response.status_code}", self._connection)
        self._check_cloud(answer)
        return answer

    def _check_cloud(self, answer: dict[str, Any]) -> None:
        """A tenant is known to the other clouds' authorities, which send the caller to its own: name that one."""
        there = urlsplit(str(answer["token_endpoint"])).hostname
        clouds = [cloud for cloud, (login, _) in CLOUDS.items() if urlsplit(login).hostname == there]
        if clouds and there != urlsplit(self._connection.authority).hostname:
            raise SignInError(
                f"Sign-in failed: the tenant {self._connection.tenant_id} is in another cloud, which signs in at {there}. "
                f"What to do: set AAD_CLOUD to {' or '.join(clouds)}, and unset AAD_AUTHORITY_URL."
            )

    async def _retried(
        self, make: Callable[[], httpx.Client], call: Call[T], unreachable: Callable[[str], ConfigurationError]
    ) -> T:
        def with_client() -> T:
            with make() as client:
                return call(client)

        began = self._clock()
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return await asyncio.to_thread(with_client)
            except (*BROKEN, httpx.HTTPStatusError) as error:
                hopeless = isinstance(error, httpx.UnsupportedProtocol | httpx.ProxyError)
                if hopeless or attempt == _ATTEMPTS or self._clock() - began > _PATIENCE:
                    # Of a status error only the status is told: its text repeats the URL with the query.
                    status = f"status {error.response.status_code}" if isinstance(error, httpx.HTTPStatusError) else ""
                    raise unreachable(status or reason(error) or type(error).__name__) from None
                await asyncio.sleep(random.uniform(0.5, 1.0) * 2 ** (attempt - 1))
            except (httpx.InvalidURL, UnicodeError):
                raise unreachable("no request can be sent to this address") from None
        raise AssertionError("unreachable")

    def _unreachable(self, why: str) -> ConfigurationError:
        gateway = self._connection.gateway
        through = f" through AAD_GATEWAY_URL ({gateway})" if gateway else ""
        setting = "AAD_AUTHORITY_URL" if self._connection.authority_url else "AAD_CLOUD, AAD_GATEWAY_URL"
        return ConfigurationError(
            f"The sign-in authority {self._connection.authority} cannot be reached{through}: {why}. "
            f"Check the network, {setting} and AAD_CA_BUNDLE."
        )

    def _no_machine(self, why: str) -> ConfigurationError:
        return ConfigurationError(
            f"This machine's endpoint for managed identities does not answer: {why}. AAD_MANAGED_IDENTITY works on Azure's "
            "own machines and services, and where an identity is assigned to them: elsewhere choose another way by AAD_AUTH."
        )
