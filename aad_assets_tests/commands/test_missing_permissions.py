"""`aad-assets check` without one permission: it names exactly the tables and columns that suffer.

What suffers is derived from the permissions that the demo tenant accepts, which Microsoft publishes, and from the parents in
the catalogue. The token has every permission of the catalogue but one, and none that would be accepted in its place.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import httpx
import pytest

from aad_assets.catalog import CATALOG, ENTITIES, Entity
from aad_assets.catalog.access import Access
from aad_assets.commands.check import as_json
from aad_assets.demo import licensing
from aad_assets.demo.collections import BY_TABLE, COLLECTIONS
from aad_assets.demo.protocol.errors import GraphError
from aad_assets.demo.protocol.faults import Faults
from aad_assets.demo.protocol.graph import Graph, Request
from aad_assets.demo.protocol.quota import Quota
from aad_assets.graph.probing.entity import EntityProbe
from aad_assets.graph.probing.findings import Finding, Report
from aad_assets_tests.demo.tenants import directory
from aad_assets_tests.fake_graph import BASE, FakeGraph, connection

PERMISSIONS = sorted(
    {name for entity in ENTITIES for name in entity.permissions}
    | {name for entity in ENTITIES for _, names in entity.also_needs for name in names}
)
SHARE = 12
"""One in so many of the tables that must not suffer is tried for each permission."""


def accepted(table: str) -> list[frozenset[str]]:
    """Return sets of permissions, one of each of which the demo tenant demands for a table."""
    wider = [each.roles for each in COLLECTIONS if table in each.restricted.values()]
    return [frozenset(roles) for roles in (BY_TABLE[table].roles, *wider)]


@cache
def column_needs(table: str) -> Mapping[str, frozenset[str]]:
    """Return the columns that the demo tenant leaves empty without one of their permissions."""
    on = {column.name for column in CATALOG[table].columns}
    return {name: frozenset(needed) for name, (_, *needed) in BY_TABLE[table].empty.items() if name in on}


def token_without(permission: str) -> frozenset[str]:
    """Return every permission of the catalogue but this one, and those that are accepted in its place."""
    needs = [
        *(roles for entity in ENTITIES if permission in entity.permissions for roles in accepted(entity.table)),
        *(needed for entity in ENTITIES for needed in column_needs(entity.table).values()),
    ]
    return frozenset(PERMISSIONS).difference({permission}, *(each for each in needs if permission in each))


def suffers(table: str, granted: frozenset[str]) -> bool:
    """Return whether a table cannot be read, or the keys of the parents whose children it has."""
    if any(granted.isdisjoint(roles) for roles in accepted(table)):
        return True
    parent, listed = CATALOG[table].parent, CATALOG[table].parent_list
    return bool(parent and suffers(parent, granted) and not (listed and not suffers(listed, granted)))


def demo_graph(granted: frozenset[str], person: frozenset[str] | None) -> FakeGraph:
    """Return a client of the demo tenant in this process, whose token has the permissions `granted`."""
    demo = Graph(BASE, directory(users=60), Quota(60, None), Faults(1), frozenset(licensing.ALL), 500)
    graph = FakeGraph()

    def respond(request: httpx.Request) -> httpx.Response:
        _, version, path = request.url.path.split("/", 2)
        query = request.url.query.decode()
        try:
            answer = demo.answer(
                Request(request.method, f"/{path}", query, request.headers, granted, person=person, version=version)
            )
        except GraphError as error:
            return httpx.Response(error.status, json={"error": {"code": error.code, "message": error.message}})
        return httpx.Response(answer.status, content="".join(answer.body))

    graph.handler = respond
    return graph


def check(entities: Sequence[Entity], granted: frozenset[str], *, delegated: bool) -> dict[str, Any]:
    """Return the report of `aad-assets check --json`, with the findings by table."""
    roles = frozenset({"Global Administrator"}) if delegated else None

    async def work(client: Any) -> list[Finding]:
        probe = EntityProbe(client, Access(granted, delegated))
        try:
            return await probe.probe_all(entities, lambda _: None)
        finally:
            await probe.close()

    findings = demo_graph(granted, roles).run(work)
    report = as_json(connection(auth="delegated" if delegated else "client_secret"), Report("t", granted, findings, None))
    return {**report, "entities": {each["entity"]: each for each in report["entities"]}}


@pytest.mark.parametrize("permission", PERMISSIONS)
def test_exactly_the_tables_and_columns_that_suffer_are_named(permission: str) -> None:
    granted = token_without(permission)
    suffering = {entity.table for entity in ENTITIES if suffers(entity.table, granted)}
    empty = {
        (entity.table, name)
        for entity in ENTITIES
        for name, needed in column_needs(entity.table).items()
        if granted.isdisjoint(needed)
    }
    assert suffering or empty, "the catalogue asks for a permission that nothing needs"

    others = ENTITIES[PERMISSIONS.index(permission) % SHARE :: SHARE]
    tables = suffering | {table for table, _ in empty} | {entity.table for entity in others}
    named: dict[str, Any] = {}
    missing: set[str] = set()
    for delegated in (False, True):
        # Tables that apps cannot read have tests of their own, because no permission of an app counts.
        chosen = [entity for entity in ENTITIES if entity.table in tables and entity.app_only is not delegated]
        report = check(chosen, granted, delegated=delegated)
        named |= report["entities"]
        missing |= set(report["missing_permissions"])

    assert {table for table, each in named.items() if each["status"] == "permission_missing"} == suffering
    assert {table for table, each in named.items() if each["status"] != "readable"} == suffering
    assert {(table, name) for table, each in named.items() for name in each["empty_columns"] if table not in suffering} == {
        (table, name) for table, name in empty if table not in suffering
    }
    for table in suffering:
        lacking = set(named[table]["missing_permissions"])
        assert lacking, table
        assert not lacking & granted
    alternatives = {frozenset(names) for each in named.values() for names in each["empty_columns"].values()}
    assert permission in missing or any(permission in names for names in alternatives)


def test_an_app_with_every_permission_can_read_everything_but_what_needs_a_person() -> None:
    report = check(ENTITIES, frozenset(PERMISSIONS), delegated=False)

    statuses = {table: each["status"] for table, each in report["entities"].items() if each["status"] != "readable"}
    assert statuses == {entity.table: "person_needed" for entity in ENTITIES if not entity.app_only}
    assert report["missing_permissions"] == []
    assert report["readable"]
