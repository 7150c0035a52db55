"""Casts: additions to the children of the plain path, without which these are published, too."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from aad_assets.catalog import CATALOG, Entity
from aad_assets.errors import GraphUnavailable, PermissionMissing
from aad_assets.graph.reading.children import read_children
from aad_assets.graph.reading.select import Selection
from aad_assets_tests.fake_graph import BASE, FakeGraph, MemoryPart, batched, failure, page

from .directory import Row

MEMBERS = CATALOG["group_members"]
USER, SERVICE_PRINCIPAL = "#microsoft.graph.user", "#microsoft.graph.servicePrincipal"
MISSING = "Service principals among the members are missing because Graph rejects /members/microsoft.graph.servicePrincipal"

Answer = Callable[[httpx.Request], httpx.Response | None]


class Groups:
    """Groups with a user and a service principal each. `cast` answers for a cast; None leaves it to the group."""

    def __init__(self, graph: FakeGraph, cast: Answer, plain: Answer = lambda _: None) -> None:
        self.cast, self.plain = cast, plain
        self.casts: list[httpx.Request] = []
        graph.handler = self

    def __call__(self, request: httpx.Request) -> httpx.Response:
        return batched(request, self.answer) if request.method == "POST" else self.answer(request)

    def answer(self, request: httpx.Request) -> httpx.Response:
        group, _, rest = request.url.path.removeprefix("/v1.0/groups/").partition("/")
        if not rest:
            return httpx.Response(200, json={"id": group})
        if rest.endswith("microsoft.graph.servicePrincipal"):
            self.casts.append(request)
            return self.cast(request) or page([f"sp of {group}"])
        return self.plain(request) or page([{"id": f"user of {group}", "@odata.type": USER}])


def read(graph: FakeGraph, number: int) -> tuple[set[str], Selection]:
    """Return the ids of the members of so many groups."""
    part = MemoryPart()
    keys = [(f"g{each}",) for each in range(number)]
    selection = graph.run(lambda client: read_children(client, MEMBERS, keys, graph.meter, part))
    assert part.closed
    assert len(part.rows) == graph.meter.rows == len(set(part.ids))
    assert graph.meter.parents == selection.parents == number
    return set(part.ids), selection


def users(number: int) -> set[str]:
    return {f"user of g{each}" for each in range(number)}


def principals(number: int) -> set[str]:
    return {f"sp of g{each}" for each in range(number)}


def is_advanced(request: httpx.Request) -> bool:
    return "ConsistencyLevel" in request.headers or "$count" in request.url.params


REJECTIONS = [
    failure(400, "Request_UnsupportedQuery"),
    failure(403, "Authorization_RequestDenied"),
    failure(403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant"),
    failure(404, "Request_ResourceNotFound"),
    failure(501, "NotImplemented"),
]


@pytest.mark.parametrize("number", [1, 29, 200])
@pytest.mark.parametrize("rejection", REJECTIONS, ids=str)
def test_a_cast_that_is_rejected_everywhere_is_left_out_and_reported(
    graph: FakeGraph, rejection: httpx.Response, number: int
) -> None:
    groups = Groups(graph, lambda _: rejection)
    ids, selection = read(graph, number)
    assert ids == users(number)
    assert selection.refused == ()
    (problem,) = selection.problems
    code = rejection.json()["error"]["code"]
    assert problem == f"{MISSING} ({rejection.status_code} {code}). Their stored rows are unchanged."
    assert selection.unread_types == ("servicePrincipal",)
    assert len(groups.casts) <= 500, "60 rejections are enough to know"


def test_a_cast_that_graph_answers_leaves_nothing_to_report(graph: FakeGraph) -> None:
    Groups(graph, lambda _: None)
    ids, selection = read(graph, 30)
    assert ids == users(30) | principals(30)
    assert (selection.problems, selection.refused) == ((), ())


@pytest.mark.parametrize("rejection", [each for each in REJECTIONS if each.status_code != 404], ids=str)
def test_where_advanced_queries_are_rejected_the_cast_is_requested_without_their_options(
    graph: FakeGraph, rejection: httpx.Response
) -> None:
    groups = Groups(graph, lambda request: rejection if is_advanced(request) else None)
    ids, selection = read(graph, 200)
    assert ids == users(200) | principals(200)
    assert (selection.problems, selection.refused) == ((), ())
    advanced = sum(map(is_advanced, groups.casts))
    assert 0 < advanced <= 80, "once the simple form was answered, it is the only one"
    assert len(groups.casts) == 200 + advanced


@pytest.mark.parametrize("rejection", REJECTIONS, ids=str)
def test_a_cast_that_is_rejected_for_some_groups_refuses_these(graph: FakeGraph, rejection: httpx.Response) -> None:
    Groups(graph, lambda request: rejection if "/g7/" in request.url.path else None)
    ids, selection = read(graph, 30)
    assert ids == (users(30) | principals(30)) - {"user of g7", "sp of g7"}
    assert selection.problems == ()
    ((key, response),) = [(each.key, each.response) for each in selection.refused]
    assert (key, response.status) == (("g7",), rejection.status_code)


def test_a_cast_that_is_momentarily_missing_is_requested_again(graph: FakeGraph) -> None:
    left = [failure(404), failure(404)]
    Groups(graph, lambda request: left.pop() if left and "/g7/" in request.url.path else None)
    ids, selection = read(graph, 30)
    assert ids == users(30) | principals(30)
    assert (selection.problems, selection.refused) == ((), ())


def test_a_cast_that_is_unavailable_everywhere_fails_the_read(graph: FakeGraph) -> None:
    """A server error does not mean that the tenant has no such cast, whose rows would be deleted."""
    Groups(graph, lambda _: failure(503))
    with pytest.raises(GraphUnavailable):
        read(graph, 30)


def test_the_plain_path_is_no_addition(graph: FakeGraph) -> None:
    Groups(graph, lambda _: None, plain=lambda _: failure(403, "Authorization_RequestDenied"))
    with pytest.raises(PermissionMissing):
        read(graph, 30)


def test_a_refused_group_whose_cast_is_answered_has_no_rows(graph: FakeGraph) -> None:
    Groups(graph, lambda _: None, plain=lambda request: failure(403) if "/g7/" in request.url.path else None)
    ids, selection = read(graph, 30)
    assert ids == (users(30) | principals(30)) - {"user of g7", "sp of g7"}
    assert [each.key for each in selection.refused] == [("g7",)]


def read_rows(graph: FakeGraph, entity: Entity, *groups: str) -> list[dict[str, Any]]:
    part = MemoryPart()
    graph.run(lambda client: read_children(client, entity, [(each,) for each in groups], graph.meter, part))
    return part.rows


def typed(id_: str) -> Row:
    return {"id": id_, "@odata.type": USER}


class Members:
    """Members as v1.0 returns them: the plain path omits service principals, and the cast returns them without their type."""

    def __init__(self, members: dict[str, list[str]]) -> None:
        self.members = members
        self.received: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        return batched(request, self.page) if request.method == "POST" else self.page(request)

    def page(self, request: httpx.Request) -> httpx.Response:
        self.received.append(request)
        group, rest = request.url.path.removeprefix("/v1.0/groups/").split("/", 1)
        cast = rest.endswith("/microsoft.graph.servicePrincipal")
        found = [id_ for id_ in self.members[group] if id_.startswith("sp") == cast]
        place = int(request.url.params.get("$skiptoken", 0))
        count = "$count=true&" if cast else ""
        link = f"{BASE}/groups/{group}/{rest}?{count}$skiptoken={place + 1}" if place + 1 < len(found) else None
        rows = found[place : place + 1]
        return page(rows if cast else [typed(id_) for id_ in rows], link)


@pytest.mark.parametrize("table", ["group_members", "group_owners"])
def test_the_cast_adds_the_members_that_the_plain_path_omits_with_their_type(graph: FakeGraph, table: str) -> None:
    members = Members({"g": ["a", "sp1", "b", "sp2"], "h": ["sp3"], "i": []})
    graph.handler = members
    rows = read_rows(graph, CATALOG[table], "g", "h", "i")
    assert {(row["groupId"], row["id"], row["@odata.type"]) for row in rows} == {
        ("g", "a", USER),
        ("g", "b", USER),
        ("g", "sp1", SERVICE_PRINCIPAL),
        ("g", "sp2", SERVICE_PRINCIPAL),
        ("h", "sp3", SERVICE_PRINCIPAL),
    }
    assert graph.meter.parents == 3


def test_only_the_cast_requests_eventual_consistency_and_a_count_on_every_page(graph: FakeGraph) -> None:
    members = Members({"g": ["a", "b", "sp1", "sp2", "sp3"]})
    graph.handler = members
    read_rows(graph, MEMBERS, "g")
    for request in members.received:
        cast = request.url.path.endswith("servicePrincipal")
        assert request.headers.get("ConsistencyLevel") == ("eventual" if cast else None)
        assert request.url.params.get("$count") == ("true" if cast else None)
    assert len(members.received) == 5


def test_a_type_that_graph_returns_with_the_cast_is_not_added_again(graph: FakeGraph) -> None:
    row = {"@odata.type": SERVICE_PRINCIPAL, "id": "sp1"}
    graph.handler = lambda request: batched(
        request, lambda inner: page([row] if inner.url.path.endswith("servicePrincipal") else [])
    )
    (found,) = read_rows(graph, MEMBERS, "g")
    assert found == row | {"groupId": "g"}
