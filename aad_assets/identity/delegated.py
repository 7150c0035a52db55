"""Signing in as a person: by code with PKCE and state, or by device code.

Sources: learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow and v2-oauth2-device-code. Not here: where the
sign-in is kept (`token_cache.py`), how it is renewed (`credentials.py`), what is shown and asked (the command).
"""

import asyncio
import re
import time
import warnings
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import msal

from aad_assets.errors import ConfigurationError, SignInError
from aad_assets.identity.authority import Authority
from aad_assets.identity.credentials import application, understood
from aad_assets.identity.sign_in_errors import sign_in_error
from aad_assets.identity.token_cache import TokenCache
from aad_assets.settings import Connection
from aad_assets.transport import Transport

Flow = dict[str, Any]
"""A sign-in under way, as msal keeps it: holds the code verifier or device code, so it is never shown as a whole."""

_OPENID = {"openid", "profile", "email", "offline_access"}


@dataclass(frozen=True)
class SignedIn:
    """Who signed in, in which tenant (its GUID), and what the token allows."""

    name: str
    account: str
    tenant_id: str
    scopes: frozenset[str]


class DelegatedSignIn:
    """One sign-in from its address to the stored refresh token. `connection` has auth `delegated`."""

    def __init__(self, connection: Connection, transport: Transport) -> None:
        self._connection = connection
        self._transport = transport
        self._authority = Authority(connection, transport)
        self._cache = TokenCache(connection)

    async def begin(self, redirect_url: str) -> Flow:
        """A flow whose `auth_uri` is to be opened in a browser. Raises ConfigurationError when nothing could be stored."""

        def call(client: httpx.Client) -> Flow:
            self._cache.ready()
            self._authority.discover(client)
            with understood(self._connection), warnings.catch_warnings():
                # msal would rather have the code posted; then nobody could paste it.
                warnings.filterwarnings("ignore", "response_mode", UserWarning)
                app = application(self._connection, client)
                flow: Flow = app.initiate_auth_code_flow(
                    [self._connection.scope], redirect_uri=redirect_url, prompt="select_account"
                )
            return flow

        return await self._authority.ask(call)

    async def finish(self, flow: Flow, answer: dict[str, str]) -> SignedIn:
        """Redeem what came back to the redirect URL, and store the sign-in. Raises SignInError when it is refused."""
        if answer.get("state") != flow["state"]:
            raise _other_sign_in()

        def call(client: httpx.Client) -> SignedIn:
            cache = msal.SerializableTokenCache()
            with understood(self._connection):
                app = application(self._connection, client, cache)
                try:
                    tokens = app.acquire_token_by_auth_code_flow(flow, answer)
                except RuntimeError:  # msal's, with both values
                    raise SignInError(
                        "The token belongs to another sign-in (its nonce is another one): run aad-assets login again."
                    ) from None
                return self._stored(tokens, cache)

        return await self._authority.ask(call)

    async def begin_device(self) -> Flow:
        """A flow whose `message` says where to enter which code. Raises ConfigurationError for an app with a credential."""
        if self._connection.client_secret or self._connection.client_certificate_path:
            raise ConfigurationError(
                "A device code is for a public client app, which has no credential: unset AAD_CLIENT_SECRET and "
                "AAD_CLIENT_CERTIFICATE_PATH, and turn on 'Allow public client flows' in the app's Authentication page; or "
                "leave out --device-code."
            )

        def call(client: httpx.Client) -> Flow:
            self._cache.ready()
            self._authority.discover(client)
            with understood(self._connection):
                app = application(self._connection, client)
                flow: Flow = app.initiate_device_flow([self._connection.scope])
            if "user_code" not in flow:
                raise sign_in_error(flow, "no code came", self._connection)
            return flow

        return await self._authority.ask(call)

    async def finish_device(self, flow: Flow) -> SignedIn:
        """Ask until the code was entered or has ended, and store the sign-in."""
        cache = msal.SerializableTokenCache()

        def call(client: httpx.Client) -> dict[str, Any]:
            with understood(self._connection):
                app = application(self._connection, client, cache)
                answer: dict[str, Any] = app.acquire_token_by_device_flow(flow, exit_condition=lambda _: True)
            return answer

        interval = int(flow.get("interval", 5))
        while (answer := await self._authority.ask(call)).get("error") in ("authorization_pending", "slow_down"):
            if time.time() > flow["expires_at"]:
                answer = {"error": "expired_token", "error_description": "Nobody entered the code in time"}
                break
            interval += 5 * (answer["error"] == "slow_down")
            await asyncio.sleep(interval)
        return self._stored(answer, cache)

    def _stored(self, answer: dict[str, Any], cache: msal.SerializableTokenCache) -> SignedIn:
        if "access_token" not in answer:
            raise sign_in_error(answer, "no token came", self._connection)
        if "refresh_token" not in answer:
            raise SignInError(
                "Signed in, but no refresh token came, without which the sign-in ends within the hour. What to do: add the "
                "delegated permission offline_access to the app, grant admin consent, and run aad-assets login again."
            )
        self._cache.replace(cache)
        person = answer.get("id_token_claims") or {}
        scopes = {scope.rpartition("/")[2] for scope in str(answer.get("scope", "")).split()}
        return SignedIn(
            str(person.get("name", "")),
            str(person.get("preferred_username", "")),
            str(person.get("tid", "")),
            frozenset(scopes - _OPENID),
        )


def pasted(text: str, flow: Flow) -> dict[str, str]:
    """What `finish` takes, from a code or the whole redirected URL. Raises SignInError when it is neither.

    A bare code has no state: that it belongs to this sign-in is then for PKCE to prove.
    """
    text = text.strip()
    if re.search(r"(^|[?&#])(code|error)=", text):
        parts = urlsplit(text)
        answer = dict(parse_qsl(parts.query or parts.fragment or parts.path))
        if answer.get("state") != flow["state"]:
            raise _other_sign_in()
        return answer
    if not re.fullmatch(r"[A-Za-z0-9._~+/=*!-]{20,}", text) or "://" in text:
        raise SignInError("That is neither a code nor the address that the browser was sent to: paste one of them whole.")
    return {"code": text, "state": flow["state"]}


def _other_sign_in() -> SignInError:
    return SignInError("That address belongs to another sign-in (its state is another one): use the address shown last.")
