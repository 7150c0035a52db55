"""Access tokens: held, renewed before they end, replaced when Graph refuses one, and checked to be of this tenant and cloud.

Not here: how one is got (`credentials.py`), the authority's moods (`authority.py`), what a token is used for (`client.py`).
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
from aad_assets.identity.claims import claims_of
from aad_assets.identity.credentials import acquire
from aad_assets.settings import CLOUDS, Connection
from aad_assets.transport import Transport

_HELD = 0.8
"""Share of a token's life after which a new one is fetched. msal itself takes one with under five minutes left for ended."""

_RENEW_AGAIN = 60.0
"""Seconds until the next try, when the authority was out of reach and the token still has life in it."""

_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class TokenSource:
    """Hands out an access token, renewed before it expires. Safe to ask from many tasks at once.

    Nothing of the token or the credential is in its repr.
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
        """The tenant's GUID, from the issuer in its OpenID configuration."""
        issuer = str((await self._authority.discovered())["issuer"])
        for text in (issuer, self._connection.tenant_id):
            if found := _GUID.search(text):
                self._tenant_id = found.group().lower()
                return self._tenant_id
        raise ConfigurationError(f"The sign-in authority names no tenant GUID ({issuer}): set AAD_TENANT_ID to the GUID.")

    async def token(self, refused: str = "", claims: str = "") -> str:
        """A token with life left in it, other than `refused`, which Graph has just turned down.

        `claims` is the challenge that came with the refusal: the new token answers it.
        """
        async with self._renewing:
            if not self._token or self._token == refused or self._clock() >= self._renew_at:
                try:
                    await self._renew(claims)
                except SignInError:
                    raise
                except ConfigurationError:  # the authority is out of reach, which may pass while the token lives
                    if not self._token or self._token == refused or self._clock() >= self._expires_at:
                        raise
                    self._renew_at = self._clock() + _RENEW_AGAIN
            return self._token

    async def _renew(self, claims: str) -> None:
        if self._connection.credential == "managed_identity":
            answer = await self._authority.ask_machine(lambda client: acquire(self._connection, client, claims))
        else:
            answer = await self._authority.ask(lambda client: self._acquire(client, claims))
        token, life = str(answer["access_token"]), float(answer.get("expires_in", 3600))
        if not re.fullmatch(r"[!-~]+", token):
            raise SignInError(f"Sign-in failed: {self._connection.authority} sent a token that no header can carry.")
        self._check(token)
        self._token = token
        self._renew_at, self._expires_at = self._clock() + _HELD * life, self._clock() + life

    def _acquire(self, client: httpx.Client, claims: str) -> dict[str, Any]:
        self._authority.discover(client)
        return acquire(self._connection, client, claims)

    def _check(self, token: str) -> None:
        """A managed identity has the tenant and cloud of its machine, whatever is configured."""
        told, base = claims_of(token), self._connection.base_url
        if self._tenant_id and str(told.get("tid", self._tenant_id)).lower() != self._tenant_id:
            raise SignInError(
                f"Sign-in failed: the token is of the tenant {told['tid']}, and AAD_TENANT_ID is {self._tenant_id}. "
                "What to do: make the two agree."
            )
        graphs = {urlsplit(graph).hostname: cloud for cloud, (_, graph) in CLOUDS.items()}
        there, here = urlsplit(str(told.get("aud", ""))).hostname, urlsplit(base).hostname
        if there != here and there in graphs and here in graphs:
            raise SignInError(
                f"Sign-in failed: the token is for another cloud: {there}, not {here}. "
                f"What to do: set AAD_CLOUD to {graphs[there]}."
            )
