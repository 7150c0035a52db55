"""Sign-in of a person: the authorization code flow with PKCE and state, and the device code flow.

Sources: learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow and v2-oauth2-device-code. See also
`token_cache.py`, which stores the sign-in, and `credentials.py`, which renews it.
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
from aad_assets.identity.credentials import msal_application, translated_msal_errors
from aad_assets.identity.sign_in_errors import LOGIN_AGAIN, sign_in_error
from aad_assets.identity.token_cache import TokenCache
from aad_assets.settings import Connection
from aad_assets.transport import Transport

Flow = dict[str, Any]
"""A sign-in in progress, as msal represents it. It holds the code verifier or the device code, so never log it."""

_OPENID = {"openid", "profile", "email", "offline_access"}


@dataclass(frozen=True)
class SignedIn:
    """Who signed in, to which tenant (its GUID), with which scopes."""

    name: str
    account: str
    tenant_id: str
    scopes: frozenset[str]


class DelegatedSignIn:
    """One sign-in, from the address to open to the stored refresh token. The connection's auth must be `delegated`."""

    def __init__(self, connection: Connection, transport: Transport) -> None:
        self._connection = connection
        self._transport = transport
        self._authority = Authority(connection, transport)
        self._cache = TokenCache(connection)

    async def begin(self, redirect_url: str) -> Flow:
        """Begin an authorization code flow, whose `auth_uri` the person opens in a browser.

        Raises SignInError, or ConfigurationError if the sign-in could not be stored.
        """

        def call(client: httpx.Client) -> Flow:
            self._cache.check_usable()
            self._authority.fetch_openid_configuration(client)
            with translated_msal_errors(self._connection), warnings.catch_warnings():
                # msal recommends response_mode=form_post, but then there would be no code to paste.
                warnings.filterwarnings("ignore", "response_mode", UserWarning)
                app = msal_application(self._connection, client)
                flow: Flow = app.initiate_auth_code_flow(
                    [self._connection.scope], redirect_uri=redirect_url, prompt="select_account"
                )
            return flow

        return await self._authority.run(call)

    async def finish(self, flow: Flow, response: dict[str, str]) -> SignedIn:
        """Redeem the parameters that came back to the redirect URL, and store the sign-in. Raises SignInError."""
        if response.get("state") != flow["state"]:
            raise _state_mismatch()

        def call(client: httpx.Client) -> SignedIn:
            cache = msal.SerializableTokenCache()
            with translated_msal_errors(self._connection):
                app = msal_application(self._connection, client, cache)
                try:
                    tokens = app.acquire_token_by_auth_code_flow(flow, response)
                except RuntimeError:  # msal's message quotes both nonces.
                    raise SignInError(f"The token belongs to another sign-in (its nonce differs). {LOGIN_AGAIN}.") from None
                return self._store(tokens, cache)

        return await self._authority.run(call)

    async def begin_device(self) -> Flow:
        """Begin a device code flow, whose `message` says where to enter which code.

        Raises SignInError, or ConfigurationError for an app with a credential.
        """
        if self._connection.client_secret or self._connection.client_certificate_path:
            raise ConfigurationError(
                "A device code works only for a public client app, which has no credential. Unset AAD_CLIENT_SECRET and "
                "AAD_CLIENT_CERTIFICATE_PATH, and turn on 'Allow public client flows' in the app's Authentication page, or "
                "omit --device-code."
            )

        def call(client: httpx.Client) -> Flow:
            self._cache.check_usable()
            self._authority.fetch_openid_configuration(client)
            with translated_msal_errors(self._connection):
                app = msal_application(self._connection, client)
                flow: Flow = app.initiate_device_flow([self._connection.scope])
            if "user_code" not in flow:
                raise sign_in_error(flow, "no device code was issued", self._connection)
            return flow

        return await self._authority.run(call)

    async def finish_device(self, flow: Flow) -> SignedIn:
        """Poll until the person has entered the code or it has expired, and store the sign-in. Raises SignInError."""
        cache = msal.SerializableTokenCache()

        def call(client: httpx.Client) -> dict[str, Any]:
            with translated_msal_errors(self._connection):
                app = msal_application(self._connection, client, cache)
                response: dict[str, Any] = app.acquire_token_by_device_flow(flow, exit_condition=lambda _: True)
            return response

        interval = int(flow.get("interval", 5))
        while (response := await self._authority.run(call)).get("error") in ("authorization_pending", "slow_down"):
            if time.time() > flow["expires_at"]:
                response = {"error": "expired_token", "error_description": "Nobody entered the code in time"}
                break
            interval += 5 * (response["error"] == "slow_down")
            await asyncio.sleep(interval)
        return self._store(response, cache)

    def _store(self, response: dict[str, Any], cache: msal.SerializableTokenCache) -> SignedIn:
        if "access_token" not in response:
            raise sign_in_error(response, "no token was issued", self._connection)
        if "refresh_token" not in response:
            raise SignInError(
                "Signed in, but no refresh token was issued, so that the sign-in would end within the hour. Add the "
                f"delegated permission offline_access to the app and grant admin consent. {LOGIN_AGAIN}."
            )
        self._cache.replace(cache)
        person = response.get("id_token_claims") or {}
        scopes = {scope.rpartition("/")[2] for scope in str(response.get("scope", "")).split()}
        return SignedIn(
            str(person.get("name", "")),
            str(person.get("preferred_username", "")),
            str(person.get("tid", "")),
            frozenset(scopes - _OPENID),
        )


def parse_pasted(text: str, flow: Flow) -> dict[str, str]:
    """Return the parameters for `DelegatedSignIn.finish` from a pasted code or redirected URL.

    A code alone carries no state; PKCE then proves that it belongs to this sign-in. Raises SignInError if the text is
    neither, or the URL belongs to another sign-in.
    """
    text = text.strip()
    if re.search(r"(^|[?&#])(code|error)=", text):
        parts = urlsplit(text)
        response = dict(parse_qsl(parts.query or parts.fragment or parts.path))
        if response.get("state") != flow["state"]:
            raise _state_mismatch()
        return response
    if not re.fullmatch(r"[A-Za-z0-9._~+/=*!-]{20,}", text) or "://" in text:
        raise SignInError(
            "That is neither a code nor the address that the browser was redirected to. Paste one of them in full."
        )
    return {"code": text, "state": flow["state"]}


def _state_mismatch() -> SignInError:
    return SignInError("That address belongs to another sign-in (its state differs). Use the address shown last.")
