"""Access tokens: cached, renewed before they expire or when Graph rejects them, and checked for tenant and cloud.

See also `credentials.py`, which fetches a token, and `authority.py`, which retries.
"""

import asyncio
import re
from collections.abc import Callable
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import httpx

from aad_assets.errors import ConfigurationError, SignInError
from aad_assets.identity.authority import Authority
from aad_assets.identity.claims import read_claims
from aad_assets.identity.credentials import acquire_token
from aad_assets.settings import CLOUDS, Connection
from aad_assets.transport import Transport

_RENEW_AFTER = 0.8
"""Share of a token's lifetime after which it is renewed. msal itself treats the last five minutes as expired."""

_USUAL_LIFETIME = 3600.0
_LONGEST_LIFETIME = 7 * 86_400.0
"""Seconds. Tokens live for an hour or so, and up to 28 hours with continuous access evaluation
(learn.microsoft.com/entra/identity/conditional-access/concept-continuous-access-evaluation)."""

_RETRY_AFTER = 60.0
"""Seconds until renewal is tried again if the authority was unreachable and the token has not expired."""

_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class TokenSource:
    """Provides access tokens, renewed before they expire. Safe to use from many tasks at once.

    Its repr shows neither token nor credential.
    """

    def __init__(self, connection: Connection, transport: Transport, *, clock: Callable[[], float] = monotonic) -> None:
        self._connection = connection
        self._authority = Authority(connection, transport, clock)
        self._clock = clock
        self._renewing = asyncio.Lock()
        self._token = ""
        self._tenant_id = ""
        self._renew_at = self._expires_at = 0.0

    async def tenant_id(self) -> str:
        """Fetch the tenant's GUID, in lower case, from the issuer in its OpenID configuration. Raises SignInError."""
        issuer = str((await self._authority.openid_configuration())["issuer"])
        for text in (issuer, self._connection.tenant_id):
            if found := _GUID.search(text):
                self._tenant_id = found.group().lower()
                return self._tenant_id
        raise ConfigurationError(
            f"The sign-in authority does not report the tenant's GUID ({issuer}). Set AAD_TENANT_ID to the GUID."
        )

    async def token(self, rejected: str = "", claims: str = "") -> str:
        """Return an unexpired token other than `rejected`, the one that Graph has just rejected.

        `claims` is the challenge that came with the rejection; the new token satisfies it. Raises SignInError, or
        ConfigurationError if the authority is unreachable and there is no token left to use.
        """
        async with self._renewing:
            if not self._token or self._token == rejected or self._clock() >= self._renew_at:
                try:
                    await self._renew(claims)
                except SignInError:
                    raise
                except ConfigurationError:  # The authority is unreachable, perhaps for less time than the token lives.
                    if not self._token or self._token == rejected or self._clock() >= self._expires_at:
                        raise
                    self._renew_at = self._clock() + _RETRY_AFTER
            return self._token

    async def _renew(self, claims: str) -> None:
        if self._connection.auth_method == "managed_identity":
            response = await self._authority.run_locally(lambda client: acquire_token(self._connection, client, claims))
        else:
            response = await self._authority.run(lambda client: self._discover_and_acquire(client, claims))
        token, lifetime = str(response["access_token"]), _lifetime(response.get("expires_in"))
        if not re.fullmatch(r"[!-~]+", token):
            raise SignInError(
                f"Sign-in failed: {self._connection.authority} issued a token that an HTTP header cannot carry."
            )
        self._check(token)
        self._token = token
        self._renew_at, self._expires_at = self._clock() + _RENEW_AFTER * lifetime, self._clock() + lifetime

    def _discover_and_acquire(self, client: httpx.Client, claims: str) -> dict[str, Any]:
        self._authority.fetch_openid_configuration(client)
        return acquire_token(self._connection, client, claims)

    def _check(self, token: str) -> None:
        """Raise SignInError for a token of another tenant or cloud: a managed identity has those of its machine."""
        claims, base_url = read_claims(token), self._connection.base_url
        if self._tenant_id and str(claims.get("tid", self._tenant_id)).lower() != self._tenant_id:
            raise SignInError(
                f"Sign-in failed: the token belongs to the tenant {claims['tid']}, but AAD_TENANT_ID is {self._tenant_id}. "
                "Set AAD_TENANT_ID to the tenant of the identity that signs in."
            )
        graphs = {urlsplit(graph).hostname: cloud for cloud, (_, graph) in CLOUDS.items()}
        issued_for, configured = urlsplit(str(claims.get("aud", ""))).hostname, urlsplit(base_url).hostname
        if issued_for != configured and issued_for in graphs and configured in graphs:
            raise SignInError(
                f"Sign-in failed: the token is for another cloud ({issued_for}, not {configured}). "
                f"Set AAD_CLOUD to {graphs[issued_for]}."
            )


def _lifetime(expires_in: object) -> float:
    """Return `expires_in` as seconds, or the usual lifetime for one that makes no sense."""
    try:
        seconds = float(str(expires_in))
    except ValueError:
        return _USUAL_LIFETIME
    return seconds if 0 < seconds <= _LONGEST_LIFETIME else _USUAL_LIFETIME
