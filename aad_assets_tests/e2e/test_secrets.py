"""No secret and no token in anything that a run leaves behind."""

import base64
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote_plus

import pytest

from aad_assets.demo import DemoServer
from aad_assets_tests.e2e.conftest import WARM, make_place
from aad_assets_tests.hunting import everything_in
from aad_assets_tests.receiver import PATH, Receiver

FEW = 'key:"aad/domains" or key:"aad/users"'


def needles(tenant: DemoServer) -> dict[str, bytes]:
    """Return what must be nowhere: the secret in every form in which it is sent, and the start of a signed token."""
    secret = tenant.client_secret
    basic = base64.b64encode(f"{tenant.client_id}:{secret}".encode())
    # Base64 of `{"alg":` and of `{"typ":`, with which a JWT begins.
    return {"secret": secret.encode(), "quoted secret": quote_plus(secret).encode(), "basic": basic, "token": b"eyJ"}


@pytest.fixture
def short_lived() -> Iterator[DemoServer]:
    """Yield a tenant whose tokens are valid for 2 s."""
    with DemoServer(users=300, no_quota=True, token_lifetime=2) as server:
        yield server


@pytest.mark.parametrize(
    ("outcome", "select"),
    [
        ("success", f'{FEW} or key:"aad/group_members" or key:"aad/sign_ins"'),
        pytest.param("success", "*", marks=pytest.mark.slow),
        ("permission missing", FEW),
        ("wrong cloud", FEW),
        ("unreachable", FEW),
    ],
)
def test_secret_and_token_are_nowhere(short_lived: DemoServer, tmp_path: Path, outcome: str, select: str) -> None:
    tenant = short_lived
    place = make_place(tmp_path / "place", tenant.environment(), captured=True)
    changes: dict[str, str] = {}
    if outcome == "permission missing":
        tenant.faults([{"kind": "deny", "path": "/domains"}])
    elif outcome == "wrong cloud":
        changes["AAD_GRAPH_BASE_URL"] = "https://localhost:9/v1.0"
    elif outcome == "unreachable":
        tenant.faults([{"kind": "drop"}])

    with Receiver() as receiver:
        result = place.materialize(select, AAD_ALERT_WEBHOOK=receiver.url, **changes)

    assert (result.returncode == 0) is (outcome == "success"), result.stderr[-2000:]
    places = everything_in(place.folder) | {"stdout": result.stdout.encode(), "stderr": result.stderr.encode()}
    assert any("compute_logs" in name for name in places)
    assert bool(receiver.received) is (outcome != "success")
    for what, needle in {**needles(tenant), "webhook": PATH.encode()}.items():
        assert [name for name, content in places.items() if needle in content] == [], what


def test_a_secret_given_in_code_is_nowhere(short_lived: DemoServer, tmp_path: Path) -> None:
    tenant = short_lived
    place = make_place(tmp_path / "place", {"NO_PROXY": "localhost"}, captured=True)
    code = tmp_path / "code_location.py"  # outside the folder that is searched
    values = {name: getattr(tenant, name) for name in ("tenant_id", "client_id", "client_secret", "authority_url")}
    values |= {"graph_base_url": tenant.graph_base_url, "ca_bundle": tenant.ca_bundle}
    code.write_text(
        "from aad_assets.orchestration import build_definitions\n"
        "from aad_assets.settings import Connection, Settings\n"
        f"defs = build_definitions(Settings(connection=Connection(**{values}), database={str(place.database)!r}))\n",
        encoding="utf-8",
    )
    result = WARM.dagster(
        ["asset", "materialize", "-f", str(code), "--select", 'key:"aad/domains"'],
        env=place.environment,
        cwd=place.folder,
        timeout=120,
    )

    assert result.returncode == 0, result.stderr[-2000:]
    places = everything_in(place.folder) | {"stdout": result.stdout.encode(), "stderr": result.stderr.encode()}
    assert any(tenant.client_id.encode() in content for content in places.values()), "the config of the run was searched"
    for what, needle in needles(tenant).items():
        assert [name for name, content in places.items() if needle in content] == [], what
