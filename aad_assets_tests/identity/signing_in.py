"""Helpers for tests that sign in to the demo tenant."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aad_assets.catalog import CATALOG
from aad_assets.demo import DemoServer
from aad_assets.graph.reading.collections import read_collection
from aad_assets.graph.requests.client import GraphClient
from aad_assets.graph.requests.meter import Meter
from aad_assets.graph.requests.rate_limits import RateLimits
from aad_assets.identity.delegated import DelegatedSignIn, SignedIn, parse_pasted
from aad_assets.identity.token_source import TokenSource
from aad_assets.settings import Connection, Settings
from aad_assets.transport import Transport
from aad_assets_tests.fake_graph import MemorySink, run
from aad_assets_tests.person import Person

NATIVE_CLIENT = "/common/oauth2/nativeclient"


def connection_to(demo: DemoServer, folder: Path, **changes: Any) -> Connection:
    """Return a connection to the demo tenant that stores a person's sign-in in `folder`."""
    settings = Settings.from_environment(demo.environment() | {"AAD_TOKEN_CACHE": str(folder / "sign-in.json")})
    connection = settings.connection.model_copy(update=changes)
    connection.check()
    return connection


def without_secret(**changes: Any) -> dict[str, Any]:
    """Return changes to a connection that replace the client secret."""
    return {"client_secret": "", **changes}


def domains(connection: Connection) -> list[str]:
    """Read the ids of all domains as a reload does."""

    async def main() -> list[str]:
        transport, sink = Transport(connection), MemorySink()
        tokens = TokenSource(connection, transport)
        await tokens.tenant_id()
        async with GraphClient(connection.base_url, tokens, transport, RateLimits()) as client:
            await read_collection(client, CATALOG["domains"], Meter(), sink)
        return sink.ids()

    return run(main())


def true_domains(demo: DemoServer) -> list[str]:
    return sorted(row["id"] for row in demo.objects("domains"))


def sign_in(demo: DemoServer, connection: Connection) -> SignedIn:
    """Sign in as a person, and paste the whole address that the browser ends at."""
    signing = DelegatedSignIn(connection, Transport(connection))
    flow = run(signing.begin(demo.authority_url + NATIVE_CLIENT))
    with person(demo) as somebody:
        back = somebody.sign_in(flow["auth_uri"])
    return run(signing.finish(flow, parse_pasted(back, flow)))


@contextmanager
def person(demo: DemoServer) -> Iterator[Person]:
    made = Person(demo)
    try:
        yield made
    finally:
        made.close()
