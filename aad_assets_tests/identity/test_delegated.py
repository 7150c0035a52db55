"""Sign-in of a person: authorization code with PKCE and state, device code, renewal with rotation, and failures."""

import asyncio
import json
import logging
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from aad_assets.catalog import CATALOG
from aad_assets.catalog.access import missing_permissions
from aad_assets.demo import DemoServer
from aad_assets.errors import ConfigurationError, SignInError
from aad_assets.graph.probing.organization import organization_name
from aad_assets.graph.reading.collections import read_collection
from aad_assets.graph.requests.client import GraphClient
from aad_assets.graph.requests.meter import Meter
from aad_assets.graph.requests.rate_limits import RateLimits
from aad_assets.identity.delegated import DelegatedSignIn, Flow, SignedIn, parse_pasted
from aad_assets.identity.token_cache import TokenCache
from aad_assets.identity.token_source import TokenSource
from aad_assets.settings import Connection
from aad_assets.transport import Transport
from aad_assets_tests.fake_graph import Clock, MemorySink, run

from .signing_in import NATIVE_CLIENT, connection_to, domains, person, sign_in, true_domains


@pytest.fixture(scope="module")
def shared() -> Iterator[DemoServer]:
    with DemoServer(users=20, no_quota=True) as server:
        yield server


@pytest.fixture
def demo(shared: DemoServer) -> Iterator[DemoServer]:
    before = shared.sign_in_rules()
    shared.reset_stats()
    yield shared
    shared.sign_in_rules(**before)
    shared.clear_faults()


@pytest.fixture
def connection(demo: DemoServer, tmp_path: Path) -> Connection:
    return connection_to(demo, tmp_path, auth="delegated")


@pytest.fixture
def public(demo: DemoServer, tmp_path: Path) -> Connection:
    """Return a connection of the app that has no secret."""
    return connection_to(demo, tmp_path, auth="delegated", client_id=demo.public_client_id, client_secret="")


def begin(demo: DemoServer, connection: Connection) -> tuple[DelegatedSignIn, Flow]:
    signing = DelegatedSignIn(connection, Transport(connection))
    return signing, run(signing.begin(demo.authority_url + NATIVE_CLIENT))


def redirected(demo: DemoServer, flow: Flow, decision: str = "accept") -> str:
    with person(demo) as somebody:
        return somebody.sign_in(flow["auth_uri"], decision)


def code_in(url: str) -> str:
    found = re.search(r"[?&]code=([^&]+)", url)
    assert found
    return found[1]


def stored(connection: Connection) -> dict[str, Any]:
    return dict(json.loads(Path(connection.token_cache).read_text()))


def refresh_token(connection: Connection) -> str:
    (entry,) = stored(connection)["RefreshToken"].values()
    return str(entry["secret"])


@pytest.mark.parametrize("credential", ["secret", "certificate", "public"])
def test_a_person_signs_in_and_reads_without_a_secret_in_the_log(
    demo: DemoServer, connection: Connection, public: Connection, credential: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    certified = connection.model_copy(update={"client_secret": "", "client_certificate_path": demo.client_certificate})
    used = {"secret": connection, "certificate": certified, "public": public}[credential]
    signing, flow = begin(demo, used)
    back = redirected(demo, flow)
    signed_in = run(signing.finish(flow, parse_pasted(back, flow)))
    assert signed_in.account == demo.user_name
    assert signed_in.tenant_id == demo.tenant_id
    assert {"User.Read", "Domain.Read.All"} <= signed_in.scopes
    assert not {"openid", "offline_access"} & signed_in.scopes
    assert run(organization_name(used, Transport(used))) == "Contoso (demo tenant)"
    tokens = {refresh_token(used)}
    assert domains(used) == true_domains(demo)
    tokens.add(refresh_token(used))
    assert len(tokens) == 2, "replaced when used"
    assert caplog.records
    for secret in ("eyJ", demo.client_secret, demo.user_password, flow["code_verifier"], *tokens):
        assert secret not in caplog.text
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("http")]
    assert not [line for line in ours if code_in(back) in line]


def test_the_code_alone_is_enough(demo: DemoServer, connection: Connection) -> None:
    signing, flow = begin(demo, connection)
    signed_in = run(signing.finish(flow, parse_pasted(f" {code_in(redirected(demo, flow))}\n", flow)))
    assert signed_in.account == demo.user_name


def test_a_response_to_another_sign_in_is_rejected(demo: DemoServer, connection: Connection) -> None:
    signing, flow = begin(demo, connection)
    _, other = begin(demo, connection)
    back = redirected(demo, other)
    with pytest.raises(SignInError, match="belongs to another sign-in"):
        parse_pasted(back, flow)
    with pytest.raises(SignInError, match="belongs to another sign-in"):
        run(signing.finish(flow, parse_pasted(back, other)))
    with pytest.raises(SignInError, match=r"AADSTS501481: .*The code belongs to another sign-in\. Use the newest address"):
        run(signing.finish(flow, parse_pasted(code_in(back), flow)))


@pytest.mark.parametrize(
    "text", ["", "no", "yes please, sign me in now", "https://localhost/?state=x", "https://example.com"]
)
def test_text_that_is_neither_code_nor_address_is_rejected(text: str) -> None:
    with pytest.raises(SignInError, match=r"neither a code nor the address"):
        parse_pasted(text, {"state": "s"})


def test_a_token_of_another_sign_in_is_rejected(demo: DemoServer, connection: Connection) -> None:
    signing, flow = begin(demo, connection)
    response = parse_pasted(redirected(demo, flow), flow)
    with pytest.raises(SignInError, match="belongs to another sign-in") as caught:
        run(signing.finish(flow | {"nonce": "another"}, response))
    assert "another)" not in str(caught.value)
    assert not Path(connection.token_cache).exists()


def test_an_unusable_location_is_reported_before_the_person_signs_in(demo: DemoServer, connection: Connection) -> None:
    Path(connection.token_cache).mkdir()
    with pytest.raises(ConfigurationError, match="Check AAD_TOKEN_CACHE"):
        begin(demo, connection)


def test_a_code_works_once(demo: DemoServer, connection: Connection) -> None:
    signing, flow = begin(demo, connection)
    response = parse_pasted(redirected(demo, flow), flow)
    run(signing.finish(flow, response))
    with pytest.raises(SignInError, match=r"AADSTS54005: .*A code works only once\. Run aad-assets login again") as caught:
        run(signing.finish(flow, response))
    assert response["code"] not in str(caught.value)


def test_a_declined_consent_is_reported(demo: DemoServer, connection: Connection) -> None:
    signing, flow = begin(demo, connection)
    with pytest.raises(SignInError, match=r"AADSTS65004: User declined .*\(trace id .*have an administrator consent"):
        run(signing.finish(flow, parse_pasted(redirected(demo, flow, "cancel"), flow)))
    assert not Path(connection.token_cache).exists()


def test_a_missing_consent_is_reported(demo: DemoServer, connection: Connection) -> None:
    demo.sign_in_rules(consented=False)
    signing, flow = begin(demo, connection)
    with pytest.raises(SignInError, match=r"AADSTS65001: .*Grant admin consent"):
        run(signing.finish(flow, parse_pasted(redirected(demo, flow), flow)))


def test_an_unregistered_redirect_url_is_reported_by_the_page(demo: DemoServer, connection: Connection) -> None:
    signing = DelegatedSignIn(connection, Transport(connection))
    flow = run(signing.begin("https://elsewhere.example/back"))
    with person(demo) as somebody:
        assert "AADSTS50011" in somebody._http.get(flow["auth_uri"]).text


def test_without_a_refresh_token_the_missing_permission_is_named(demo: DemoServer, connection: Connection) -> None:
    signing, flow = begin(demo, connection)
    flow["auth_uri"] = flow["auth_uri"].replace("offline_access", "")
    flow["scope"] = [scope for scope in flow["scope"] if scope != "offline_access"]
    with pytest.raises(SignInError, match="delegated permission offline_access"):
        run(signing.finish(flow, parse_pasted(redirected(demo, flow), flow)))


def by_device(demo: DemoServer, connection: Connection, decision: str | None) -> SignedIn:
    async def main() -> SignedIn:
        signing = DelegatedSignIn(connection, Transport(connection))
        flow = await signing.begin_device()
        assert flow["user_code"] in flow["message"]
        assert flow["device_code"] not in flow["message"]
        with person(demo) as somebody:
            if decision:
                somebody.enter(flow["user_code"], decision)
            return await signing.finish_device(flow)

    return run(main())


def test_a_device_code_signs_in(demo: DemoServer, public: Connection) -> None:
    assert by_device(demo, public, "accept").account == demo.user_name
    assert domains(public) == true_domains(demo)


def test_a_pending_device_code_is_polled(demo: DemoServer, public: Connection) -> None:
    async def main() -> SignedIn:
        signing = DelegatedSignIn(public, Transport(public))
        flow = await signing.begin_device()
        waiting = asyncio.create_task(signing.finish_device(flow))
        with person(demo) as somebody:
            done, _ = await asyncio.wait([waiting], timeout=0.3)
            assert not done, "pending"
            await asyncio.to_thread(somebody.enter, flow["user_code"])
        return await waiting

    assert run(main()).account == demo.user_name


@pytest.mark.parametrize(
    ("decision", "lifetime", "message"),
    [("cancel", 900, "AADSTS70017: The end user has denied"), (None, 0, "expired|in time")],
)
def test_a_declined_or_expired_device_code_is_reported(
    demo: DemoServer, public: Connection, decision: str | None, lifetime: int, message: str
) -> None:
    demo.sign_in_rules(device_lifetime=lifetime)
    with pytest.raises(SignInError, match=message):
        by_device(demo, public, decision)


def test_a_device_code_works_only_for_public_clients(demo: DemoServer, connection: Connection) -> None:
    with pytest.raises(ConfigurationError, match=r"Unset AAD_CLIENT_SECRET .*Allow public client flows"):
        by_device(demo, connection, "accept")
    with pytest.raises(SignInError, match=r"AADSTS7000218: .*turn on 'Allow public client flows'"):
        by_device(demo, connection.model_copy(update={"client_secret": ""}), "accept")


def test_a_run_without_a_sign_in_says_how_to_sign_in(demo: DemoServer, connection: Connection) -> None:
    with pytest.raises(SignInError, match=r"Nobody is signed in .*Run aad-assets login"):
        domains(connection)


def test_the_sign_in_of_another_app_is_not_used(demo: DemoServer, connection: Connection, public: Connection) -> None:
    sign_in(demo, public)
    with pytest.raises(SignInError, match=r"Nobody is signed in to the app .*Run aad-assets login again"):
        domains(connection)


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ({"refresh_lifetime": -1}, "AADSTS700082"),
        ({"sessions_revoked_at": 4e9}, "AADSTS50173"),
        ({"blocked": True}, "AADSTS53003"),
        ({"consented": False}, "AADSTS65001"),
    ],
)
def test_a_sign_in_that_is_no_longer_valid_says_to_sign_in_again(
    demo: DemoServer, connection: Connection, rules: dict[str, Any], code: str
) -> None:
    sign_in(demo, connection)
    token = refresh_token(connection)
    demo.sign_in_rules(**rules)
    with pytest.raises(SignInError, match=rf"{code}: .*\(trace id .*Run aad-assets login again") as caught:
        domains(connection)
    assert "\n" not in str(caught.value)
    assert token not in str(caught.value)


def test_a_claims_challenge_is_also_answered_for_a_person(demo: DemoServer, connection: Connection) -> None:
    sign_in(demo, connection)
    demo.faults([{"kind": "claims_challenge"}])
    assert domains(connection) == true_domains(demo)
    assert demo.faults()[0]["hits"] == 1


def test_short_lived_tokens_rotate_the_refresh_token_on_disk(demo: DemoServer, connection: Connection) -> None:
    demo.sign_in_rules(token_lifetime=60, revoke_rotated=True)
    sign_in(demo, connection)
    demo.reset_stats()
    clock, seen = Clock(), []

    async def main() -> None:
        tokens = TokenSource(connection, Transport(connection), clock=clock.now)
        for second in range(0, 120, 5):
            clock.time = 1_000 + second
            await tokens.token()
            seen.append(refresh_token(connection))

    run(main())
    assert len(set(seen)) == demo.stats()["tokens_issued"] == 3, "at 0, 50 and 100 s"


RENEW = """
import asyncio, sys
from aad_assets.identity.token_source import TokenSource
from aad_assets.transport import Transport
from aad_assets.settings import Settings
connection = Settings.from_environment().connection
print("ready", flush=True)
sys.stdin.readline()
for _ in range(4):
    asyncio.run(TokenSource(connection, Transport(connection)).token())
"""


def test_two_processes_at_once_keep_a_valid_sign_in(demo: DemoServer, connection: Connection) -> None:
    """Each use of a refresh token revokes it, so that a process that used an old one would fail."""
    sign_in(demo, connection)
    demo.sign_in_rules(revoke_rotated=True)
    environment = demo.environment() | {"AAD_AUTH": "delegated", "AAD_TOKEN_CACHE": connection.token_cache}
    both = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", RENEW],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in both:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    ends = [process.communicate("go\n", timeout=50) for process in both]
    assert [process.returncode for process in both] == [0, 0], ends
    assert domains(connection) == true_domains(demo)
    assert len(stored(connection)["RefreshToken"]) == 1


def test_only_the_owner_can_read_the_file_and_it_holds_no_access_token(demo: DemoServer, connection: Connection) -> None:
    sign_in(demo, connection)
    path = Path(connection.token_cache)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not stored(connection).get("AccessToken")
    assert TokenCache(connection).remove()
    assert not TokenCache(connection).remove()
    assert not path.exists()


def test_the_scopes_decide_which_permissions_are_missing() -> None:
    assert not missing_permissions(CATALOG["users"], {"User.Read.All"})
    assert not missing_permissions(CATALOG["users"], {"User.ReadWrite.All"})
    assert not missing_permissions(CATALOG["group_members"], {"Directory.Read.All"})
    assert missing_permissions(CATALOG["users"], {"Group.Read.All", "User.Read"}) == ["User.Read.All"]
    assert missing_permissions(CATALOG["user_sign_in_activity"], {"User.Read.All"}) == ["AuditLog.Read.All"]
    everything = {permission for entity in CATALOG.values() for permission in entity.permissions}
    assert not [table for table, entity in CATALOG.items() if missing_permissions(entity, everything)]


@pytest.mark.slow
def test_a_read_outlasts_tokens_that_live_for_a_minute(demo: DemoServer, connection: Connection) -> None:
    """This test runs in real time, with a refresh token that each renewal revokes."""
    demo.sign_in_rules(token_lifetime=60, revoke_rotated=True)
    sign_in(demo, connection)
    demo.reset_stats()
    demo.faults([{"kind": "latency", "path": "/domains", "ms": 12_000}])

    async def main() -> list[str]:
        transport, sink = Transport(connection), MemorySink()
        tokens = TokenSource(connection, transport)
        async with GraphClient(connection.base_url, tokens, transport, RateLimits()) as client:
            for _ in range(6):
                await read_collection(client, CATALOG["domains"], Meter(), sink)
        return sink.ids()

    began = monotonic()
    assert run(main()) == sorted(true_domains(demo) * 6)
    renewals = (monotonic() - began) / 48
    assert renewals > 1.2
    assert demo.stats()["tokens_issued"] <= renewals + 1
    demo.clear_faults()
    assert domains(connection) == true_domains(demo)
