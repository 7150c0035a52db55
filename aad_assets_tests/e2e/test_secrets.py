"""No secret and no token in anything that a run leaves behind."""

import base64
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote_plus

import pytest

from aad_assets.demo import DemoServer
from aad_assets_tests.e2e.conftest import make_place


def needles(tenant: DemoServer) -> dict[str, bytes]:
    """Return what must be nowhere: the secret in every form in which it is sent, and the start of a signed token."""
    secret = tenant.client_secret
    basic = base64.b64encode(f"{tenant.client_id}:{secret}".encode())
    # Base64 of `{"alg":` and of `{"typ":`, with which a JWT begins.
    return {"secret": secret.encode(), "quoted secret": quote_plus(secret).encode(), "basic": basic, "token": b"eyJ"}


def everything_in(folder: Path) -> dict[str, bytes]:
    """Return all files below as bytes, and a dump of SQLite databases, because their pages may split a value."""
    found = {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    for name, content in list(found.items()):
        if content.startswith(b"SQLite format 3"):
            with sqlite3.connect(f"file:{name}?mode=ro", uri=True) as connection:
                found[f"{name} dumped"] = "\n".join(connection.iterdump()).encode()
            connection.close()
    return found


@pytest.fixture
def short_lived() -> Iterator[DemoServer]:
    """Yield a tenant whose tokens are valid for 2 s."""
    with DemoServer(users=300, no_quota=True, token_lifetime=2) as server:
        yield server


@pytest.mark.parametrize("outcome", ["success", "permission missing", "wrong cloud", "unreachable"])
def test_secret_and_token_are_nowhere(short_lived: DemoServer, tmp_path: Path, outcome: str) -> None:
    tenant = short_lived
    place = make_place(tmp_path / "place", tenant.environment(), captured=True)
    changes = {}
    if outcome == "permission missing":
        tenant.faults([{"kind": "deny", "path": "/domains"}])
    elif outcome == "wrong cloud":
        changes["AAD_GRAPH_BASE_URL"] = "https://localhost:9/v1.0"
    elif outcome == "unreachable":
        tenant.faults([{"kind": "drop"}])

    select = "*" if outcome == "success" else 'key:"aad/domains" or key:"aad/users"'
    result = place.materialize(select, **changes)

    assert (result.returncode == 0) is (outcome == "success"), result.stderr[-2000:]
    places = everything_in(place.folder) | {"stdout": result.stdout.encode(), "stderr": result.stderr.encode()}
    assert any("compute_logs" in name for name in places)
    for what, needle in needles(tenant).items():
        assert [name for name, content in places.items() if needle in content] == [], what
