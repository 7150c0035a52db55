"""Demo tenants in this process, for tests that need no server: the directory of a day, its truth, its Graph."""

from collections.abc import Iterable
from datetime import date
from functools import cache
from typing import Any

import msgspec

from aad_assets.demo import licensing
from aad_assets.demo.collections import BETA, BY_TABLE, COLLECTIONS, Collection
from aad_assets.demo.control import truth
from aad_assets.demo.protocol.faults import Faults
from aad_assets.demo.protocol.graph import Graph, Request
from aad_assets.demo.protocol.quota import Quota
from aad_assets.demo.tenant import Directory

from .client import Json

EPOCH = date(2026, 11, 2)
UNDECLARED = {
    "device": {"createdDateTime", "domainName", "extensionAttributes", "hostnames", "externalSourceName", "sourceType"},
    "servicePrincipal": {"createdDateTime", "agentIdentityBlueprintId"},
    "organization": {"directorySizeQuota", "isMultipleDataLocationsForServicesEnabled", "onPremisesSyncStatus"},
}
"""Properties that rows of a type have although the metadata does not declare them."""


def in_areas(*areas: str) -> list[Collection]:
    """The collections of areas of collections.yaml."""
    return [collection for collection in COLLECTIONS if collection.area in areas]


@cache
def directory(day: int = 0, users: int = 300) -> Directory:
    return Directory(1, users, day, "contoso.example", EPOCH)


@cache
def rows(table: str, day: int = 0, users: int = 300) -> list[Any]:
    """Every object of the table; children with their `parent`."""
    lines = "".join(truth(directory(day, users), BY_TABLE[table], None)).splitlines()
    return [msgspec.json.decode(line) for line in lines]


def by_id(table: str, day: int = 0) -> dict[str, Json]:
    return {row["id"]: row for row in rows(table, day)}


@cache
def graph(day: int) -> Graph:
    """The Graph of that day, without quotas, with all licences."""
    return Graph("https://graph.example/v1.0", directory(day), Quota(300, None), Faults(1), frozenset(licensing.ALL), 500)


def request(path: str, roles: Iterable[str], method: str = "GET", **more: Any) -> Request:
    """A request with these permissions; `more` are other fields of Request."""
    path, _, query = path.partition("?")
    if path.startswith("/beta/"):
        path, more["version"] = path.removeprefix("/beta"), BETA
    return Request(method, path, query, **{"headers": {}, **more}, roles=frozenset(roles))


def ask(
    path: str, roles: Iterable[str], day: int = 0, method: str = "GET", person: Iterable[str] | None = None, **headers: str
) -> Any:
    """Return the decoded response to a request with these permissions, of a person with these directory roles or of an app.

    GraphError for a refusal.
    """
    signed_in = None if person is None else frozenset(person)
    made = request(path, roles, method, headers=headers, person=signed_in)
    return msgspec.json.decode("".join(graph(day).answer(made).body))


def asker(collection: Collection) -> list[str] | None:
    """Return the directory roles of the person who has to ask; None if an app may."""
    return ["Global Administrator"] if collection.delegated_only else None
