"""Children of which a parent has one or none, such as a domain's branding, and children outside the directory's quota."""

from collections.abc import Mapping
from typing import Any

import httpx
import msgspec
import pytest

from aad_assets.catalog import CATALOG, Entity, Family
from aad_assets.errors import GraphUnavailable, InvalidResponse, NotFound, PermissionMissing
from aad_assets.graph.reading.children import read_children
from aad_assets_tests.fake_graph import FakeGraph, MemoryPart, batched, failure

BRANDING = CATALOG["organizational_branding"]
SYNCHRONIZATION = CATALOG["cross_tenant_identity_synchronization"]
REQUIREMENTS = CATALOG["user_mfa_requirements"]
PURPOSES = CATALOG["user_mailbox_purposes"]
SINGLE = [entity for entity in CATALOG.values() if entity.one_per_parent]


def body(**members: Any) -> httpx.Response:
    return httpx.Response(200, json={"@odata.context": "https://graph/$metadata#x"} | members)


def serve(graph: FakeGraph, responses: Mapping[str, httpx.Response]) -> list[httpx.Request]:
    """Respond by the parent's key, and with 404 for other parents. Return the list that gets the requests."""
    received: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        received.append(request)
        return next((found for key, found in responses.items() if f"/{key}/" in request.url.path), failure(404))

    def handler(request: httpx.Request) -> httpx.Response:
        return batched(request, answer) if request.method == "POST" else answer(request)

    graph.handler = handler
    return received


def read(graph: FakeGraph, entity: Entity, *parents: str) -> list[dict[str, Any]]:
    part = MemoryPart()
    graph.run(lambda client: read_children(client, entity, [(each,) for each in parents], graph.meter, part))
    assert part.closed
    assert graph.meter.rows == len(part.rows)
    return [{name: value for name, value in row.items() if "@" not in name} for row in part.rows]


def test_these_tables_have_one_row_for_each_parent() -> None:
    assert {entity.table for entity in SINGLE} == {
        "organizational_branding",
        "cross_tenant_identity_synchronization",
        "user_mfa_requirements",
        "user_mailbox_purposes",
    }


@pytest.mark.parametrize("name", ["@odata.nextLink", "@odata.deltaLink"])
@pytest.mark.parametrize("link", ["", "https://graph.test/v1.0/x?$skiptoken=1"])
def test_an_object_with_a_link_is_rejected(graph: FakeGraph, name: str, link: str) -> None:
    serve(graph, {"t1": body(tenantId="t1", **{name: link})})
    with pytest.raises(InvalidResponse, match="a link to further pages with a single object"):
        read(graph, SYNCHRONIZATION, "t1")


def test_the_object_of_each_parent_is_a_row(graph: FakeGraph) -> None:
    serve(graph, {key: body(tenantId=key, userSyncInbound={"isSyncAllowed": True}) for key in ("t1", "t2")})
    rows = read(graph, SYNCHRONIZATION, "t1", "t2")
    assert sorted(row["tenantId"] for row in rows) == ["t1", "t2"]
    assert all(row["userSyncInbound"] == {"isSyncAllowed": True} for row in rows)


def test_an_object_without_a_key_of_its_own_has_that_of_its_parent(graph: FakeGraph) -> None:
    received = serve(graph, {key: body(perUserMfaState="enforced") for key in ("u1", "u2")})
    rows = read(graph, REQUIREMENTS, "u1", "u2")
    assert sorted((row["userId"], row["perUserMfaState"]) for row in rows) == [("u1", "enforced"), ("u2", "enforced")]
    paths = {f"/beta/users/{user}/authentication/requirements" for user in ("u1", "u2")}
    assert {request.url.path for request in received} == paths


def test_a_value_without_an_object_is_a_row_with_the_parents_key(graph: FakeGraph) -> None:
    serve(graph, {"u1": body(value="user"), "u2": body(value="shared"), "u3": body(value=None)})
    rows = read(graph, PURPOSES, "u1", "u2", "u3")
    assert sorted((row["userId"], row["value"]) for row in rows) == [("u1", "user"), ("u2", "shared"), ("u3", None)]
    assert [(column.name, column.source) for column in PURPOSES.columns] == [("userId", "userId"), ("userPurpose", "value")]


@pytest.mark.parametrize("entity", SINGLE, ids=lambda entity: entity.table)
def test_a_parent_for_which_graph_returns_404_has_none_and_is_not_requested_again(graph: FakeGraph, entity: Entity) -> None:
    received = serve(graph, {"a": body(id="a", tenantId="a", value="user")})
    assert len(read(graph, entity, "a", "b", "c")) == 1
    assert len(received) == 3
    assert graph.meter.parents == 3


@pytest.mark.parametrize("content", [b'{"id": "a", "signInPageText": "cut', b'["no object"]', b'"text"', b""], ids=repr)
def test_what_is_no_complete_object_is_requested_again(graph: FakeGraph, content: bytes) -> None:
    left = [content]

    def handler(request: httpx.Request) -> httpx.Response:
        if not left:
            return batched(request, lambda _: body(id="a"))
        # The body of an item stands in the body of the batch, so that a truncated one truncates the whole.
        items = msgspec.json.decode(request.content)["requests"]
        raw = b'{"responses":[{"id":"%s","status":200,"body":%s}]}' % (items[0]["id"].encode(), left.pop())
        return httpx.Response(200, content=raw)

    graph.handler = handler
    assert read(graph, BRANDING, "a") == [{"id": "a"}]
    assert len(graph.requests) == 2


def test_an_object_that_is_never_complete_fails_the_read(graph: FakeGraph) -> None:
    graph.handler = lambda request: batched(request, lambda _: httpx.Response(200, json=["no object"]))
    with pytest.raises(GraphUnavailable):
        read(graph, BRANDING, "a")


def test_a_lone_surrogate_in_a_single_object_is_kept_for_validation(graph: FakeGraph) -> None:
    graph.handler = lambda request: batched(
        request, lambda _: httpx.Response(200, content=rb'{"id": "a", "signInPageText": "cut \ud83d"}')
    )
    assert read(graph, BRANDING, "a") == [{"id": "a", "signInPageText": "cut \ud83d"}]


def test_a_missing_permission_for_single_objects_is_raised(graph: FakeGraph) -> None:
    serve(graph, {"a": failure(403, "Authorization_RequestDenied")})
    with pytest.raises(PermissionMissing, match="/beta/users/a/authentication/requirements"):
        read(graph, REQUIREMENTS, "a")


HISTORY = CATALOG["risky_user_history"]


def test_children_outside_the_directory_come_one_by_one_within_their_own_quota(graph: FakeGraph) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"value": [{"id": "h"}]})

    sizes: list[int] = []

    def handler(request: httpx.Request) -> httpx.Response:
        sizes.append(len(msgspec.json.decode(request.content)["requests"]))
        return batched(request, answer)

    graph.handler = handler
    rows = read(graph, HISTORY, *(f"u{number}" for number in range(30)))
    assert len(rows) == 30
    assert sizes == [1] * 30, "a batch of 20 would take 20 requests from a quota of 1 per second"
    assert graph.clock.time - graph.times[0] >= 28, "1 request per second"
    for start in graph.times:
        assert sum(start <= each < start + 1 for each in graph.times) <= 1


def test_a_429_of_a_child_pauses_its_own_family_only(graph: FakeGraph) -> None:
    paused: list[tuple[Family, float]] = []
    graph.rate_limits.pause = lambda family, seconds: paused.append((family, seconds))  # type: ignore[method-assign]
    answers = [failure(429, Retry_After="9"), httpx.Response(200, json={"value": [{"id": "h"}]})]
    graph.handler = lambda request: batched(request, lambda _: answers.pop(0))
    assert read(graph, HISTORY, "u") == [{"riskyUserId": "u", "id": "h"}]
    assert paused == [(Family.PROTECTION, 9.0)]


def test_a_risky_user_who_is_gone_has_no_history(graph: FakeGraph) -> None:
    serve(graph, {})
    assert read(graph, HISTORY, "gone") == []


def test_a_missing_api_below_an_existing_parent_is_an_error(graph: FakeGraph) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return batched(request, lambda _: failure(404))
        return failure(404) if request.url.path.endswith("/history") else httpx.Response(200, json={"id": "u"})

    graph.handler = handler
    with pytest.raises(NotFound, match="/identityProtection/riskyUsers/u/history"):
        read(graph, HISTORY, "u")
