"""A pytest plugin for other projects: the fixture `entra_tenant`, a demo tenant on loopback. See docs/demo-tenant.md."""

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import pytest

from .process import DemoServer


class EntraTenant:
    """A demo tenant as a test sees it. `server` has everything else (process.py)."""

    def __init__(self, server: DemoServer) -> None:
        self.server = server
        self.tenant_id, self.client_id, self.client_secret = server.tenant_id, server.client_id, server.client_secret
        self.authority_url, self.graph_base_url = server.authority_url, server.graph_base_url
        self.ca_bundle = server.ca_bundle
        self.environment = server.environment()
        """The variables that point a client at this tenant: AAD_TENANT_ID, AAD_CLIENT_SECRET and so on."""
        self.day: int = server.day

    def faults(self, *rules: dict[str, Any]) -> None:
        """Replace the faults in force, for example with `{"kind": "429", "path": "/users", "times": 1}`."""
        self.server.faults(rules)

    def next_day(self) -> int:
        """Let a day pass and return its number; people join and leave, and settings change."""
        self.day += 1
        self.server.set_day(self.day)
        return self.day


@pytest.fixture(scope="session")
def entra_tenant_options() -> dict[str, Any]:
    """Options of the tenant, those of `python -m aad_assets.demo`. Override this fixture to change them."""
    return {"users": 100, "no_quota": True}


@pytest.fixture(scope="session")
def _entra_server(entra_tenant_options: dict[str, Any]) -> Iterator[DemoServer]:
    if missing := [name for name in ("jwt", "starlette", "trustme", "uvicorn") if find_spec(name) is None]:
        pytest.fail(f"entra_tenant needs {', '.join(missing)}. Install aad_assets[demo].", pytrace=False)
    with DemoServer(**entra_tenant_options) as server:
        yield server


@pytest.fixture
def entra_tenant(_entra_server: DemoServer) -> Iterator[EntraTenant]:
    """Yield a demo tenant of the session. After each test it is without faults and back on its first day."""
    yield EntraTenant(_entra_server)
    _entra_server.clear_faults()
    _entra_server.set_day(_entra_server.day)
