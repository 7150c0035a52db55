"""Microsoft's own client, msgraph-sdk, reads every collection of the demo tenant that it knows.

Its request builders are generated from Microsoft's description of Graph, so it is a judge that the project did not write.
"""

import asyncio
import re
import ssl
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest
from kiota_abstractions.authentication import (
    AccessTokenProvider,
    AllowedHostsValidator,
    BaseBearerTokenAuthenticationProvider,
)
from kiota_abstractions.base_request_configuration import RequestConfiguration
from msgraph.graph_request_adapter import GraphRequestAdapter
from msgraph.graph_service_client import GraphServiceClient

from aad_assets.demo import DemoServer
from aad_assets.demo.collections import COLLECTIONS, Collection

from .client import Client, PersonalClient

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning",  # of kiota and its serializers
    "ignore:unclosed:ResourceWarning",
)

_LARGEST_LOG_PAGE = 20
_WITHOUT_BUILDER = ("microsoft.graph.agentIdentity", "microsoft.graph.samlOrWsFed")
"""Casts inside paths that the documentation has and the SDK does not."""
# The app has no permission for agents by their own types. See also test_casts.py.
KNOWN = [
    each
    for each in COLLECTIONS
    if each.version == "v1.0"
    and each.form in ("list", "singleton", "object")
    and not each.cast.startswith("agent")
    and not any(cast in each.path for cast in _WITHOUT_BUILDER)
]


class _Token(AccessTokenProvider):
    def __init__(self, token: str, host: str) -> None:
        self._token, self._hosts = token, AllowedHostsValidator([host])

    async def get_authorization_token(self, uri: str, additional_authentication_context: dict[str, Any] | None = None) -> str:
        return self._token

    def get_allowed_hosts_validator(self) -> AllowedHostsValidator:
        return self._hosts


class Sdk:
    """The SDK, signed in to the demo tenant."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._runner = asyncio.Runner()
        demo = client.demo
        host = httpx.URL(demo.graph_base_url).netloc.decode()
        provider = BaseBearerTokenAuthenticationProvider(_Token(client.token(), host))
        self._http = httpx.AsyncClient(verify=ssl.create_default_context(cafile=demo.ca_bundle), trust_env=False)
        self._adapter = GraphRequestAdapter(provider, client=self._http)
        self._adapter.base_url = demo.graph_base_url
        self._graph = GraphServiceClient(request_adapter=self._adapter)

    def close(self) -> None:
        self._runner.run(self._http.aclose())
        self._runner.close()

    def builder(self, collection: Collection, ids: tuple[str, ...]) -> Any:
        """Return the request builder of a path. Raises AttributeError if the SDK does not know it."""
        builder: Any = self._graph
        keys = iter(ids)
        for segment in collection.path.strip("/").split("/"):
            if segment == "{id}":
                by_key = next(name for name in dir(builder) if name.startswith("by_"))
                builder = getattr(builder, by_key)(next(keys))
            else:
                builder = getattr(builder, _snake(segment.removeprefix("microsoft.")))
        return builder

    def read(self, builder: Any, collection: Collection, filter_: str | None) -> list[Any]:
        """Return the objects on all pages; of a log, those on the first one."""
        return self._runner.run(self._read(builder, collection, filter_))

    async def _read(self, builder: Any, collection: Collection, filter_: str | None) -> list[Any]:
        parameters_of = next(name for name in dir(builder) if name.endswith("GetQueryParameters"))
        options: dict[str, Any] = {"filter": filter_} if filter_ else {}
        if collection.log:
            options["top"] = _LARGEST_LOG_PAGE
        if collection.eventual:
            options["count"] = True
        configuration: Any = RequestConfiguration(query_parameters=getattr(builder, parameters_of)(**options))
        if collection.eventual:
            configuration.headers.add("ConsistencyLevel", "eventual")
        page = await builder.get(request_configuration=configuration)
        if not hasattr(page, "value"):
            return [page]
        objects = list(page.value)
        for _ in range(100):
            if collection.log or not page.odata_next_link:
                return objects
            page = await builder.with_url(page.odata_next_link).get()
            objects += page.value
        raise AssertionError("the chain of pages does not end")


def _snake(name: str) -> str:
    """Return a segment as the SDK writes it: `graph.servicePrincipal` → `graph_service_principal`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name.replace(".", "_")).lower()


@pytest.fixture(scope="module")
def small() -> Iterator[Client]:
    with DemoServer(users=40, no_quota=True, sign_ins_per_day=20) as server, closing(Client(server)) as client:
        yield client


@pytest.fixture(scope="module")
def sdk(small: Client) -> Iterator[Sdk]:
    with closing(Sdk(small)) as made:
        yield made


@pytest.fixture(scope="module")
def persons_sdk(small: Client) -> Iterator[Sdk]:
    """Return the SDK with a delegated token, for what apps may not read."""
    with closing(PersonalClient(small.demo)) as client, closing(Sdk(client)) as made:
        yield made


def _parents(item: dict[str, Any]) -> tuple[str, ...]:
    return tuple(item["parents"]) if "parents" in item else (item["parent"],) if "parent" in item else ()


@pytest.mark.parametrize("collection", KNOWN, ids=lambda each: each.table)
def test_microsofts_sdk_reads_it(small: Client, sdk: Sdk, persons_sdk: Sdk, collection: Collection) -> None:
    sdk = persons_sdk if collection.delegated_only else sdk
    items = list(small.demo.objects(collection.table))
    assert items, "the tenant has no such objects"
    parents = _parents(items[0]) if "{id}" in collection.path else ()
    conditions = [f"{name} eq '{items[0][name]}'" for name in (collection.required or [()])[0]]
    if collection.required:
        items = [item for item in items if all(item[name] == items[0][name] for name in collection.required[0])]
    expected = [item for item in items if not parents or _parents(item) == parents]

    found = sdk.read(sdk.builder(collection, parents), collection, " and ".join(conditions) or None)

    assert found
    assert all(found), "the SDK read no object"
    if collection.log:
        assert {each.id for each in found} <= {item["id"] for item in items}
    elif collection.key in expected[0] and collection.form == "list":
        key = _snake(collection.key)
        assert sorted(getattr(each, key) for each in found) == sorted(item[collection.key] for item in expected)
    else:
        assert len(found) == len(expected)
