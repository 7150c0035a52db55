"""A fake identity platform: a scripted discovery endpoint and token endpoint."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from aad_assets.identity.token_source import TokenSource
from aad_assets.transport import Transport
from aad_assets_tests.fake_graph import _TLS, TOKEN, Clock, connection

AUTHORITY = "https://login.test"
TENANT = "58a83fbd-886f-4598-8853-d7dd044c03b3"
SECRET = "s3cret-of-the-app"
SCOPE = "https://graph.test/.default"

REACH = {"authority_url": AUTHORITY, "graph_base_url": "https://graph.test/v1.0", "client_secret": SECRET}

Reply = httpx.Response | Exception


class FakeIdentity(Transport):
    """Responds to sign-ins with a different token each time, unless a script says otherwise."""

    def __init__(self) -> None:
        self._tls, self._gateway = _TLS, None
        self.forms: list[dict[str, str]] = []
        self.discoveries = 0
        self.issuer = f"{AUTHORITY}/{TENANT}/v2.0"
        self.expires_in = 3600
        self.tokens: list[Reply] = []
        """The first responses of the token endpoint."""
        self.discovery: list[Reply] = []
        """The first responses of the discovery endpoint."""

    def sync_client(self) -> httpx.Client:
        client = super().sync_client()
        client._transport, client._mounts = httpx.MockTransport(self._answer), {}
        return client

    def _answer(self, request: httpx.Request) -> httpx.Response:
        assert request.url.host == "login.test"
        script, otherwise = self._discover(request) if request.method == "GET" else self._token(request)
        response = script.pop(0) if script else otherwise()
        if isinstance(response, Exception):
            raise response
        response.request = request
        return response

    def _discover(self, request: httpx.Request) -> tuple[list[Reply], Callable[[], Reply]]:
        self.discoveries += 1
        assert request.url.path.endswith("/v2.0/.well-known/openid-configuration")
        endpoints = {
            name: f"{AUTHORITY}/{TENANT}/oauth2/v2.0/{name[:5]}" for name in ("token_endpoint", "authorization_endpoint")
        }
        return self.discovery, lambda: httpx.Response(200, json={"issuer": self.issuer} | endpoints)

    def _token(self, request: httpx.Request) -> tuple[list[Reply], Callable[[], Reply]]:
        self.forms.append({name: values[0] for name, values in parse_qs(request.content.decode()).items()})
        return self.tokens, lambda: httpx.Response(200, json=self.granted())

    def granted(self) -> dict[str, Any]:
        return {"token_type": "Bearer", "expires_in": self.expires_in, "access_token": f"{TOKEN}-{len(self.forms)}"}


def sign_in_failure(code: int, text: str, error: str = "invalid_client", status: int = 401) -> httpx.Response:
    """Return an error response in the wording of login.microsoftonline.com."""
    trace = "0d1f2a1e-3a4c-4b44-9a3b-cafe00000000"
    tail = f" Trace ID: {trace} Correlation ID: 1b6e Timestamp: 2026-01-01 00:00:00Z"
    response = {"error": error, "error_description": f"AADSTS{code}: {text}{tail}", "error_codes": [code], "trace_id": trace}
    return httpx.Response(status, json=response)


def source(identity: FakeIdentity, clock: Clock | None = None, **values: Any) -> TokenSource:
    return TokenSource(connection(**REACH | values), identity, clock=(clock or Clock()).now)


def assert_no_secret_shown(caplog: pytest.LogCaptureFixture, error: BaseException | None) -> None:
    shown = [caplog.text, repr(error), str(error)]
    while error := error and (error.__cause__ or error.__context__):
        shown += [repr(error), str(error)]
    assert not any(secret in text for text in shown for secret in (SECRET, TOKEN, "p4ssword"))
