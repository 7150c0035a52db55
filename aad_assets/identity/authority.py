"""Calls to a connection's sign-in authority: its OpenID configuration, and retries after transient faults.

See also `credentials.py` and `delegated.py` for the calls themselves.
"""

import asyncio
import random
from collections.abc import Callable
from time import monotonic
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx

from aad_assets.errors import ConfigurationError, SignInError
from aad_assets.identity.credentials import ENDPOINTS, check_origin, is_foreign, is_transient, origin_of, require_json
from aad_assets.identity.sign_in_errors import sign_in_error
from aad_assets.settings import CLOUDS, Connection
from aad_assets.transport import TRANSPORT_ERRORS, Transport, describe

T = TypeVar("T")

_ATTEMPTS = 4
_MAX_SECONDS = 15.0
"""Seconds after which no further attempt is made."""

Call = Callable[[httpx.Client], T]


class Authority:
    """Runs blocking calls to the authority, or to the machine's own endpoint for managed identities."""

    def __init__(self, connection: Connection, transport: Transport, clock: Callable[[], float] = monotonic) -> None:
        self._connection = connection
        self._transport = transport
        self._clock = clock

    async def run(self, call: Call[T]) -> T:
        """Run `call` in a thread, with a client that uses the gateway. Retry it after transient faults."""
        return await self._retry(self._transport.sync_client, call, self._unreachable)

    async def run_locally(self, call: Call[T]) -> T:
        """Run `call` as `run` does, with a client that bypasses every proxy: the machine's endpoint is link-local."""
        return await self._retry(self._transport.unproxied_client, call, self._no_managed_identity)

    async def openid_configuration(self) -> dict[str, Any]:
        """Fetch the tenant's OpenID configuration. Raises SignInError if the authority does not know the tenant."""
        return await self.run(self.fetch_openid_configuration)

    def fetch_openid_configuration(self, client: httpx.Client) -> dict[str, Any]:
        """Fetch the tenant's OpenID configuration, blocking. Raises SignInError if it names another host.

        msal would fetch it as well, but its message for an unknown tenant hides the reason.
        """
        response = client.get(f"{self._connection.authority}/v2.0/.well-known/openid-configuration")
        try:
            body: dict[str, Any] = dict(response.json())
        except (RecursionError, ValueError, TypeError):
            body = {}
        if response.status_code == 200 or is_foreign(response) or is_transient(response.status_code, body):
            require_json(response)
        if "issuer" not in body or "token_endpoint" not in body:
            raise sign_in_error(body, f"{self._connection.authority} returned {response.status_code}", self._connection)
        self._check_cloud(body)
        for endpoint in ENDPOINTS:
            if endpoint in body:
                check_origin(str(body[endpoint]), origin_of(self._connection.authority))
        return body

    def _check_cloud(self, configuration: dict[str, Any]) -> None:
        """Raise SignInError if the tenant is in another cloud: every authority knows it and names its own authority."""
        host = urlsplit(str(configuration["token_endpoint"])).hostname
        clouds = [cloud for cloud, (login, _) in CLOUDS.items() if urlsplit(login).hostname == host]
        if clouds and host != urlsplit(self._connection.authority).hostname:
            raise SignInError(
                f"Sign-in failed: the tenant {self._connection.tenant_id} is in another cloud, which signs in at {host}. "
                f"Set AAD_CLOUD to {' or '.join(clouds)}, and unset AAD_AUTHORITY_URL."
            )

    async def _retry(
        self, make_client: Callable[[], httpx.Client], call: Call[T], unreachable: Callable[[str], ConfigurationError]
    ) -> T:
        def with_client() -> T:
            with make_client() as client:
                return call(client)

        started = self._clock()
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return await asyncio.to_thread(with_client)
            except (*TRANSPORT_ERRORS, httpx.HTTPStatusError) as error:
                permanent = isinstance(error, httpx.UnsupportedProtocol | httpx.ProxyError)
                if permanent or attempt == _ATTEMPTS or self._clock() - started > _MAX_SECONDS:
                    # The text of a status error repeats the URL with its query, so only the status is shown.
                    status = f"status {error.response.status_code}" if isinstance(error, httpx.HTTPStatusError) else ""
                    raise unreachable(status or describe(error) or type(error).__name__) from None
                await asyncio.sleep(random.uniform(0.5, 1.0) * 2 ** (attempt - 1))
            except (httpx.InvalidURL, UnicodeError):
                raise unreachable("no request can be sent to this address") from None
        raise AssertionError("unreachable")

    def _unreachable(self, why: str) -> ConfigurationError:
        gateway = self._connection.gateway
        proxy = f"AAD_GATEWAY_URL ({gateway})" if gateway else self._transport.describe_proxy(self._connection.authority)
        through = f" through {proxy}" if proxy else ""
        setting = "AAD_AUTHORITY_URL" if self._connection.authority_url else "AAD_CLOUD"
        return ConfigurationError(
            f"The sign-in authority {self._connection.authority} cannot be reached{through}: {why}. "
            f"Check the network, {setting}, AAD_GATEWAY_URL, HTTPS_PROXY, NO_PROXY and AAD_CA_BUNDLE."
        )

    def _no_managed_identity(self, why: str) -> ConfigurationError:
        return ConfigurationError(
            f"This machine's endpoint for managed identities does not respond: {why}. AAD_MANAGED_IDENTITY works only on "
            "Azure machines and services that have an identity assigned. Elsewhere, choose another method with AAD_AUTH."
        )
