"""Children: every one is read, with its parent's key and its type."""

import random
from collections import Counter
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from aad_assets.catalog import CATALOG, Entity, Shape
from aad_assets.errors import GraphUnavailable, InvalidResponse, LicenceMissing, NotFound, PageTokenExpired, PermissionMissing
from aad_assets.graph.reading.children import read_children
from aad_assets_tests.fake_graph import BASE, FakeGraph, MemoryPart, batched, failure, page

from .directory import FakeDirectory, Row

OWNERS = CATALOG["application_owners"]
ASSIGNMENTS = CATALOG["app_role_assignments"]
USER = "#microsoft.graph.user"


def read(graph: FakeGraph, entity: Entity, parents: Sequence[str]) -> list[dict[str, Any]]:
    part = MemoryPart()
    graph.run(lambda client: read_children(client, entity, [(each,) for each in parents], graph.meter, part))
    assert part.closed
    return part.rows


def typed(id_: str) -> Row:
    return {"id": id_, "@odata.type": USER}


class Owners:
    """Owners of applications, page by page. `singly` records the requests outside of batches."""

    def __init__(self, pages: dict[str, list[list[str]]]) -> None:
        self.pages = pages
        self.singly: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return batched(request, self.page)
        self.singly.append(request)
        return self.page(request)

    def page(self, request: httpx.Request) -> httpx.Response:
        app = request.url.path.split("/")[3]
        if app not in self.pages:
            return failure(404, "Request_ResourceNotFound")
        place = int(request.url.params.get("$skiptoken", 0))
        more = place + 1 < len(self.pages[app])
        link = f"{BASE}/applications/{app}/owners?$select=id&$top=999&$skiptoken={place + 1}" if more else None
        return page([typed(id_) for id_ in self.pages[app][place]], link)


def test_every_child_has_its_parents_key(graph: FakeGraph) -> None:
    parents = [f"g{number}" for number in range(53)]
    graph.handler = Owners({parent: [[f"{parent}-{each}" for each in range(int(parent[1:]) % 4)]] for parent in parents})
    rows = read(graph, OWNERS, parents)
    assert {(row["applicationId"], row["id"]) for row in rows} == {
        (parent, f"{parent}-{each}") for parent in parents for each in range(int(parent[1:]) % 4)
    }
    assert all(row["@odata.type"] == USER for row in rows)
    assert graph.meter.rows == len(rows)
    assert (graph.meter.parents, graph.meter.parents_expected) == (53, 53)


def test_without_parents_there_are_no_rows_and_no_requests(graph: FakeGraph) -> None:
    assert read(graph, OWNERS, []) == []
    assert graph.requests == []


def test_next_links_in_a_batch_are_followed(graph: FakeGraph) -> None:
    owners = Owners({"g": [["a", "b"], [], ["c"], ["d"]], "h": [["e"]]})
    graph.handler = owners
    rows = read(graph, OWNERS, ["g", "h"])
    assert sorted((row["applicationId"], row["id"]) for row in rows) == [
        ("g", "a"), ("g", "b"), ("g", "c"), ("g", "d"), ("h", "e"),
    ]  # fmt: skip
    assert len(owners.singly) == 3


def test_a_deleted_parent_has_no_children(graph: FakeGraph) -> None:
    graph.handler = Owners({"g": [["a"]]})
    assert [row["id"] for row in read(graph, OWNERS, ["gone", "g"])] == ["a"]
    assert graph.meter.parents == 2


def test_a_parent_deleted_between_its_pages_has_no_children(graph: FakeGraph) -> None:
    owners = Owners({"g": [["a"], ["b"]], "h": [["c"]]})

    def handler(request: httpx.Request) -> httpx.Response:
        return owners(request) if request.method == "POST" else failure(404, "Request_ResourceNotFound")

    graph.handler = handler
    assert [row["id"] for row in read(graph, OWNERS, ["g", "h"])] == ["c"]


def test_a_missing_permission_fails_the_read_and_leaves_the_part_open(graph: FakeGraph) -> None:
    graph.handler = lambda request: batched(request, lambda _: failure(403, "Authorization_RequestDenied"))
    part = MemoryPart()
    with pytest.raises(PermissionMissing):
        graph.run(lambda client: read_children(client, OWNERS, [("g",)], graph.meter, part))
    assert not part.closed


def test_a_next_link_in_a_batch_to_another_host_is_rejected(graph: FakeGraph) -> None:
    graph.handler = lambda request: batched(request, lambda _: page(["a"], "https://evil.example/v1.0/x"))
    with pytest.raises(InvalidResponse, match=r"evil\.example"):
        read(graph, OWNERS, ["g"])
    assert {request.url.host for request in graph.requests} == {"graph.test"}


def test_an_expired_page_token_restarts_only_that_parent(graph: FakeGraph) -> None:
    owners = Owners({"g": [["a", "gone"], ["b"]], "h": [["c"]]})
    expired = iter([True])

    def handler(request: httpx.Request) -> httpx.Response:
        if request.method == "GET" and next(expired, False):
            owners.pages["g"] = [["a"], ["b"]]
            return failure(400, "Directory_ExpiredPageToken")
        return owners(request)

    graph.handler = handler
    assert sorted(row["id"] for row in read(graph, OWNERS, ["g", "h"])) == ["a", "b", "c"]
    assert graph.meter.restarts == 1
    assert Counter(request.method for request in graph.requests) == {"POST": 1, "GET": 3}


def test_a_parent_is_restarted_five_times_at_most(graph: FakeGraph) -> None:
    owners = Owners({"g": [["a"], ["b"]]})

    def handler(request: httpx.Request) -> httpx.Response:
        expired = request.method == "GET" and "$skiptoken" in request.url.params
        return failure(400, "Directory_ExpiredPageToken") if expired else owners(request)

    graph.handler = handler
    with pytest.raises(PageTokenExpired):
        read(graph, OWNERS, ["g"])
    assert graph.meter.restarts == 6
    assert len(owners.singly) == 5


@pytest.mark.parametrize("parent", ["a/b?c#d", "o'neill & sons", "ä %2F", "contoso.example", "$batch"])
def test_parent_ids_are_percent_encoded(graph: FakeGraph, parent: str) -> None:
    asked: list[str] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.raw_path.decode())
        return page([typed("a")])

    graph.handler = lambda request: batched(request, respond)
    assert read(graph, OWNERS, [parent]) == [{"applicationId": parent, "id": "a", "@odata.type": USER}]
    before, inside, after = asked[0].split("?")[0].partition("/applications/")[::1]
    assert (before, inside) == ("/v1.0", "/applications/")
    encoded = after.removesuffix("/owners")
    assert "/" not in encoded
    assert unquote(encoded) == parent


def test_rows_that_contain_their_parents_key_are_not_changed(graph: FakeGraph) -> None:
    row = {"id": "r", "resourceId": "sp", "principalId": "u", "appRoleId": "x"}
    asked: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return page([row])

    graph.handler = lambda request: batched(request, respond)
    assert read(graph, ASSIGNMENTS, ["sp"]) == [row]
    assert asked[0].url.params["$top"] == "999", "without it, Graph was seen to truncate the list silently"


CHILDREN = [entity for entity in CATALOG.values() if entity.shape is Shape.CHILDREN]


@pytest.mark.parametrize("entity", CHILDREN, ids=lambda entity: entity.table)
def test_the_query_for_children_has_all_its_options(graph: FakeGraph, entity: Entity) -> None:
    asked: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return page()

    graph.handler = lambda request: batched(request, respond)
    key = tuple(f"p{number}" for number in range(len(entity.parent_key)))
    part = MemoryPart()
    graph.run(lambda client: read_children(client, entity, [key], graph.meter, part))
    assert len(asked) == 1 + len(entity.casts)
    for request in asked:
        select = request.url.params.get("$select")
        assert request.url.path.startswith(f"/{entity.version}/")
        assert (select.split(",") if select else []) == list(entity.select)
        assert request.url.params.get("$expand", "") == ",".join(entity.expand)
        assert request.url.params.get("$top") == (str(entity.page_size) if entity.page_size else None)
        assert request.url.params.get("$filter") == (entity.filter and entity.filter.replace("{id}", "p0"))
        assert "{id}" not in str(request.url)


def test_a_quote_in_a_parents_key_is_doubled_in_a_filter(graph: FakeGraph) -> None:
    asked: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return page([{"id": "a"}])

    graph.handler = lambda request: batched(request, respond)
    read(graph, CATALOG["group_eligibility_schedule_instances"], ["o'b"])
    assert asked[0].url.params["$filter"] == "groupId eq 'o''b'"


def test_a_parents_key_of_two_values_fills_the_path_in_order_and_is_added_to_the_rows(graph: FakeGraph) -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/v1.0/identityGovernance/accessReviews/definitions/d/instances/i/decisions"
        return page([{"id": "x"}])

    graph.handler = lambda request: batched(request, respond)
    part = MemoryPart()
    graph.run(lambda client: read_children(client, CATALOG["access_review_decisions"], [("d", "i")], graph.meter, part))
    assert part.rows == [{"definitionId": "d", "instanceId": "i", "id": "x"}]


@pytest.mark.parametrize("table", ["group_eligibility_schedule_instances", "group_assignment_schedule_instances"])
def test_without_parents_a_missing_licence_is_still_reported(graph: FakeGraph, table: str) -> None:
    graph.respond_with(failure(400, "AadPremiumLicenseRequired"))
    with pytest.raises(LicenceMissing):
        read(graph, CATALOG[table], [])


def test_without_parents_a_licensed_tenant_has_no_rows(graph: FakeGraph) -> None:
    graph.respond_with(failure(404, "ResourceNotFound"))
    assert read(graph, CATALOG["group_eligibility_schedule_instances"], []) == []


def test_a_read_with_many_faults_returns_the_same_rows(graph: FakeGraph) -> None:
    dice = random.Random(4)
    owners = Owners({f"g{n}": [[f"{n}-{p}-{r}" for r in range(3)] for p in range(1 + n % 3)] for n in range(90)})

    def faulty(request: httpx.Request) -> httpx.Response | None:
        match dice.randrange(8):
            case 0:
                return failure(429, Retry_After="1")
            case 1:
                return failure(503)
            case 2:
                return None if request.headers.get("x") else httpx.Response(200, content=b'"cut"')
            case _:
                return owners.page(request)

    def handler(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return batched(request, faulty)
        return faulty(request) or failure(504)

    graph.handler = handler
    rows = read(graph, OWNERS, list(owners.pages))
    wanted = [(app, id_) for app, pages in owners.pages.items() for ids in pages for id_ in ids]
    assert sorted((row["applicationId"], row["id"]) for row in rows) == sorted(wanted)
    assert graph.meter.retries > 20


def test_children_of_the_small_directory_are_complete(graph: FakeGraph) -> None:
    rows = {f"/applications/g{n}/owners": [typed(f"o{n}-{each}") for each in range(n)] for n in range(1, 30)}
    graph.handler = FakeDirectory(rows)
    assert len(read(graph, OWNERS, [f"g{n}" for n in range(40)])) == sum(range(30))


def test_a_missing_api_is_not_an_empty_table(graph: FakeGraph) -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return batched(request, respond)
        if request.url.path.endswith("/owners"):
            return failure(404, "Request_ResourceNotFound")
        return httpx.Response(200, json={"id": "g1"})

    graph.handler = respond
    part = MemoryPart()
    with pytest.raises(NotFound, match="/applications/g1/owners returned 404"):
        graph.run(lambda client: read_children(client, OWNERS, [("g1",), ("g2",)], graph.meter, part))
    assert not part.closed


def return_404(graph: FakeGraph, deleted: set[str]) -> None:
    """Return 404 for every item of a batch, although only the applications `deleted` do not exist."""

    def handler(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return batched(request, lambda item: failure(404, "Request_ResourceNotFound"))
        group = request.url.path.split("/")[3]
        if group in deleted:
            return failure(404, "Request_ResourceNotFound")
        return page([typed(f"owner of {group}")]) if request.url.path.endswith("/owners") else httpx.Response(200, json={})

    graph.handler = handler


def test_a_404_for_a_parent_that_exists_is_requested_again(graph: FakeGraph) -> None:
    return_404(graph, deleted={"g1", "g3"})
    assert [row["id"] for row in read(graph, OWNERS, ["g1", "g2", "g3"])] == ["owner of g2"]


def test_a_lost_page_of_a_parent_that_exists_fails_the_read(graph: FakeGraph) -> None:
    owners = Owners({"g": [["a"], ["b"]]})

    def handler(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return owners(request)
        if not request.url.path.endswith("/owners"):
            return httpx.Response(200, json={"id": "g"})
        return failure(404, "Request_ResourceNotFound") if "skiptoken" in str(request.url) else owners(request)

    graph.handler = handler
    with pytest.raises(GraphUnavailable, match="A page of the list is missing"):
        read(graph, OWNERS, ["g"])


def test_a_domain_that_is_federated_through_its_root_has_no_configuration(graph: FakeGraph) -> None:
    graph.handler = lambda request: batched(request, lambda _: failure(404, "Request_ResourceNotFound"))
    assert read(graph, CATALOG["domain_federation_configurations"], ["emea.contoso.example"]) == []


def test_without_parents_a_missing_permission_is_not_an_empty_table(graph: FakeGraph) -> None:
    graph.respond_with(failure(403, "UnknownError", '{"errorCode":"PermissionScopeNotGranted"}'))
    with pytest.raises(PermissionMissing):
        read(graph, CATALOG["group_eligibility_schedule_instances"], [])


@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_user_without_a_mailbox_has_no_row(graph: FakeGraph, status: int) -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        if "/users/room/" in request.url.path:
            return httpx.Response(200, json={"@odata.context": "x", "value": "room"})
        return failure(status, "MailboxNotEnabledForRESTAPI")

    graph.handler = lambda request: batched(request, respond)
    rows = read(graph, CATALOG["user_mailbox_purposes"], ["nobody", "room"])
    assert [(row["userId"], row["value"]) for row in rows] == [("room", "room")]
