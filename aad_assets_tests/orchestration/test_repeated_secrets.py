"""Secrets that a server repeats in its error messages: nowhere in what a run stores, logs and prints."""

import logging
from base64 import b64encode
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote_plus

import dagster as dg
import httpx
import pytest

from aad_assets.catalog import CATALOG
from aad_assets.orchestration import build_definitions
from aad_assets.settings import Connection, Settings
from aad_assets.transport import Transport
from aad_assets_tests.hunting import everything_in

AUTHORITY, GRAPH = "https://login.test", "https://graph.test"
TENANT = "58a83fbd-886f-4598-8853-d7dd044c03b3"
SECRET = "q8Q~s3cr3t+value/of=the&app.0123456789abc"
TOKEN = "EwBwA8l6BAAUs5+opaque/token" + "Zx9" * 100
"""An access token that is no JWT, as personal accounts have them."""
PASSWORD = "p4ss-of-the-gateway"


class Echoing(Transport):
    """Servers that repeat what they were sent. `where` is the one that fails."""

    where = ""

    def sync_client(self) -> httpx.Client:
        client = super().sync_client()
        client._transport, client._mounts = httpx.MockTransport(self._sign_in), {}
        return client

    def async_client(self) -> httpx.AsyncClient:
        client = super().async_client()
        client._transport, client._mounts = httpx.MockTransport(self._graph), {}
        return client

    def _sign_in(self, request: httpx.Request) -> httpx.Response:
        base = f"{AUTHORITY}/{TENANT}"
        if request.method == "GET":
            endpoints = {name: f"{base}/{name}" for name in ("token_endpoint", "authorization_endpoint")}
            return httpx.Response(200, json={"issuer": f"{base}/v2.0", **endpoints})
        sent = parse_qs(request.content.decode())["client_secret"][0]
        if self.where == "crash at sign-in":
            raise ZeroDivisionError(f"cannot divide {sent}")
        if self.where == "sign-in":
            text = f"AADSTS7000215: Invalid client secret: {_spellings(sent)} Trace ID: 1"
            return httpx.Response(401, json={"error": "invalid_client", "error_description": text, "error_codes": [7000215]})
        return httpx.Response(200, json={"token_type": "Bearer", "expires_in": 3600, "access_token": TOKEN})

    def _graph(self, request: httpx.Request) -> httpx.Response:
        if self.where == "crash" and request.url.path.endswith("/domains"):
            raise ZeroDivisionError(f"cannot divide {request.headers['Authorization']}")
        if self.where not in request.url.path:
            return httpx.Response(200, json={"value": [{"id": "contoso.example"}]})
        text = f"{request.headers['Authorization']} was sent by {_spellings(SECRET)} through {PASSWORD}"
        error = {"code": "BadRequest", "message": text, "innerError": {"code": TOKEN}}
        return httpx.Response(400, json={"error": error}, headers={"request-id": SECRET})


def _spellings(secret: str) -> str:
    return f"'{secret}', {quote_plus(secret)}, {b64encode(f'app:{secret}'.encode()).decode()}."


@pytest.mark.parametrize("where", ["sign-in", "/domains", "crash", "crash at sign-in"])
def test_nothing_that_a_run_leaves_behind_repeats_a_secret(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    where: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr("aad_assets.reload.run.Transport", Echoing)
    monkeypatch.setattr(Echoing, "where", where)
    connection = Connection(
        tenant_id=TENANT,
        client_id="app",
        client_secret=SECRET,
        authority_url=AUTHORITY,
        graph_base_url=f"{GRAPH}/v1.0",
        gateway_url=f"http://me:{PASSWORD}@gateway.test:80",
    )
    settings: dict[str, Any] = {"connection": connection, "database": str(tmp_path / "entra.duckdb")}
    definitions = build_definitions(Settings(**settings), entities=[CATALOG["domains"]], environment={})
    (tmp_path / "home").mkdir()
    with dg.DagsterInstance.local_temp(str(tmp_path / "home")) as instance:
        job = definitions.resolve_job_def("reload_directory")
        result = job.execute_in_process(instance=instance, raise_on_error=False)

    assert not result.success
    places = {name: content.decode("utf-8", "replace") for name, content in everything_in(tmp_path).items()}
    places |= {"output": "".join(capfd.readouterr()), "log": caplog.text}
    assert where.startswith("crash") or any("***" in content for content in places.values())
    for needle in (
        SECRET[:20],
        quote_plus(SECRET)[:20],
        TOKEN[:20],
        PASSWORD,
        b64encode(f"app:{SECRET}".encode()).decode()[6:],
    ):
        assert [name for name, content in places.items() if needle in content] == [], needle
