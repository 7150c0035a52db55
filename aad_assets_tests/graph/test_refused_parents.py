"""Parents that Graph refuses one by one: the others are read, and the effort for the refused ones is bounded."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aad_assets.catalog import CATALOG, Entity
from aad_assets.errors import (
    AadAssetsError,
    GraphUnavailable,
    InvalidResponse,
    LicenceMissing,
    NotFound,
    NotFromGraph,
    PageTokenExpired,
    PermissionMissing,
    RequestRejected,
)
from aad_assets.graph.reading.children import read_children
from aad_assets.graph.reading.select import Selection
from aad_assets.graph.requests.retries import RetryBudget, RetryPolicy
from aad_assets_tests.fake_graph import BASE, FakeGraph, MemoryPart, batched, failure, page

OWNERS = CATALOG["application_owners"]

Answer = Callable[[httpx.Request, int], httpx.Response | None]
"""Takes a request for children and its number, counted from 1 for each parent. None: the children."""


@dataclass
class Applications:
    """Applications with two owners each, on two pages. `answers` are the answers for those that are special."""

    answers: Mapping[str, Answer]
    gone: frozenset[str] = frozenset()
    everyone: Answer | None = None
    asked: Counter[str] = field(default_factory=Counter)
    checked: list[str] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        return batched(request, self.answer) if request.method == "POST" else self.answer(request) or failure(504)

    def answer(self, request: httpx.Request) -> httpx.Response | None:
        app, _, rest = request.url.path.removeprefix("/v1.0/applications/").partition("/")
        if not rest:
            self.checked.append(app)
            return failure(404) if app in self.gone else httpx.Response(200, json={"id": app})
        self.asked[app] += 1
        if app in self.gone:
            return failure(404)
        special = self.answers.get(app, self.everyone)
        if special and (found := special(request, self.asked[app])):
            return found
        if "$skiptoken" in request.url.params:
            return page([f"second of {app}"])
        return page([f"first of {app}"], link(app))


def link(app: str, token: int = 2) -> str:
    return f"{BASE}/applications/{app}/owners?$skiptoken={token}"


def keys(number: int) -> list[tuple[str, ...]]:
    return [(f"a{each}",) for each in range(number)]


def owners(*apps: str) -> set[str]:
    return {f"{place} of {app}" for app in apps for place in ("first", "second")}


def read(graph: FakeGraph, handler: Applications, number: int, entity: Entity = OWNERS) -> tuple[set[str], Selection]:
    graph.handler = handler
    part = MemoryPart()
    selection = graph.run(lambda client: read_children(client, entity, keys(number), graph.meter, part))
    assert part.closed
    assert len(part.rows) == graph.meter.rows == len(set(part.ids))
    assert graph.meter.parents == selection.parents == number
    return set(part.ids), selection


def always(response: httpx.Response) -> Answer:
    return lambda request, time: response


def on_page_two(response: httpx.Response | Callable[[httpx.Request], httpx.Response]) -> Answer:
    """Let the second page of a parent fail."""

    def answer(request: httpx.Request, time: int) -> httpx.Response | None:
        if "$skiptoken" not in request.url.params:
            return None
        return response(request) if callable(response) else response

    return answer


def loop(request: httpx.Request) -> httpx.Response:
    """Return a page whose link leads to itself."""
    return page(["x"], str(request.url))


def endless(rows: list[str]) -> Callable[[httpx.Request], httpx.Response]:
    """Return the same rows again and again, each time with a link that was never used before."""
    return lambda request: page(rows, link(request.url.path.split("/")[3], int(request.url.params["$skiptoken"]) + 1))


PERMANENT = {
    "400": always(failure(400, "BadRequest")),
    "401": always(failure(401, "UnknownError")),
    "403": always(failure(403, "Authorization_RequestDenied")),
    "404 that exists": always(failure(404, "Request_ResourceNotFound")),
    "410": always(failure(410, "Gone")),
    "501": always(failure(501, "NotImplemented")),
    "429": always(failure(429, "TooManyRequests")),
    "500": always(failure(500, "InternalServerError")),
    "503": always(failure(503, "ServiceUnavailable")),
    "no licence": always(failure(403, "Forbidden", "Your tenant is not licensed for this feature.")),
    "invalid body": always(httpx.Response(200, json={"value": None})),
    "not JSON": always(httpx.Response(200, json="not a page")),
    "404 on page 2": on_page_two(failure(404)),
    "400 on page 2": on_page_two(failure(400)),
    "403 on page 2": on_page_two(failure(403)),
    "503 on page 2": on_page_two(failure(503)),
    "expired token on page 2": on_page_two(failure(400, "Directory_ExpiredPageToken")),
    "paging loop": on_page_two(loop),
    "endless": on_page_two(endless(["x", "y"])),
    "endless and empty": on_page_two(endless([])),
    "link to another host": always(page(["x"], "https://evil.example/v1.0/x")),
}


@pytest.mark.parametrize("kind", PERMANENT)
def test_a_parent_that_is_refused_costs_only_itself(graph: FakeGraph, kind: str) -> None:
    ids, selection = read(graph, Applications({"a7": PERMANENT[kind]}), 30)
    assert ids == owners(*(f"a{each}" for each in range(30) if each != 7)), "no partial rows of the refused one"
    (refused,) = selection.refused
    assert refused.key == ("a7",)
    assert "/applications/a7/owners" in refused.response.request
    assert selection.problems == ()
    assert len(graph.requests) < 300
    assert {request.url.host for request in graph.requests} == {"graph.test"}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("400", RequestRejected),
        ("401", PermissionMissing),
        ("403", PermissionMissing),
        ("404 that exists", NotFound),
        ("no licence", LicenceMissing),
        ("429", GraphUnavailable),
        ("503", GraphUnavailable),
        ("404 on page 2", GraphUnavailable),
        ("paging loop", InvalidResponse),
        ("link to another host", InvalidResponse),
        ("expired token on page 2", PageTokenExpired),
    ],
)
@pytest.mark.parametrize("number", [1, 30, 3_000])
def test_if_no_parent_answers_the_error_is_raised_without_asking_everybody(
    graph: FakeGraph, kind: str, expected: type[AadAssetsError], number: int
) -> None:
    applications = Applications({}, everyone=PERMANENT[kind])
    graph.handler = applications
    part = MemoryPart()
    with pytest.raises(expected):
        graph.run(lambda client: read_children(client, OWNERS, keys(number), graph.meter, part))
    assert not part.closed
    assert part.rows == []
    assert len(applications.asked) <= 300, "60 refusals are enough"


@pytest.mark.parametrize("kind", ["endless", "endless and empty"])
def test_an_only_parent_whose_pages_never_end_is_given_up(graph: FakeGraph, kind: str) -> None:
    graph.handler = Applications({}, everyone=PERMANENT[kind])
    with pytest.raises(InvalidResponse, match="paging loop"):
        graph.run(lambda client: read_children(client, OWNERS, keys(1), graph.meter, MemoryPart()))
    assert len(graph.requests) < 300


def test_a_missing_permission_is_reported_only_if_nothing_else_is_wrong(graph: FakeGraph) -> None:
    graph.handler = Applications({"a3": PERMANENT["400"], "a4": PERMANENT["no licence"]}, everyone=PERMANENT["403"])
    with pytest.raises(RequestRejected):
        graph.run(lambda client: read_children(client, OWNERS, keys(9), graph.meter, MemoryPart()))


def test_many_refused_parents_in_a_row_are_no_missing_permission(graph: FakeGraph) -> None:
    refused = {f"a{each}" for each in range(200)}
    found, selection = read(graph, Applications({key: always(failure(403, "Forbidden")) for key in refused}), 1_000)
    assert {parent.key[0] for parent in selection.refused} == refused
    assert found == owners(*(f"a{each}" for each in range(200, 1_000)))


def test_parents_that_are_gone_do_not_hide_that_all_others_are_refused(graph: FakeGraph) -> None:
    gone = frozenset(f"a{each}" for each in range(100))
    graph.handler = Applications({}, gone, everyone=PERMANENT["403"])
    with pytest.raises(PermissionMissing):
        graph.run(lambda client: read_children(client, OWNERS, keys(150), graph.meter, MemoryPart()))


def test_gone_parents_do_not_end_the_read_early(graph: FakeGraph) -> None:
    gone = frozenset(f"a{each}" for each in range(200))
    ids, selection = read(graph, Applications({"a3": PERMANENT["403"]}, gone - {"a3"}), 210)
    assert ids == owners(*(f"a{each}" for each in range(200, 210)))
    assert [each.key for each in selection.refused] == [("a3",)]


@pytest.mark.parametrize("times", [1, 2, 3])
@pytest.mark.parametrize("response", [failure(404), failure(503)], ids=str)
def test_a_momentary_failure_of_one_parent_is_no_refusal(graph: FakeGraph, response: httpx.Response, times: int) -> None:
    graph.retry = RetryPolicy(first_backoff=0, attempts=1)
    ids, selection = read(graph, Applications({"a7": lambda _, time: response if time <= times else None}), 30)
    assert ids == owners(*(f"a{each}" for each in range(30)))
    assert selection.refused == ()


def test_parents_are_requested_again_with_growing_pauses_and_together(graph: FakeGraph, slept: list[float]) -> None:
    graph.retry = RetryPolicy(first_backoff=1.0, attempts=1)
    applications = Applications({f"a{each}": PERMANENT["503"] for each in range(0, 400, 8)})
    ids, selection = read(graph, applications, 400)
    assert len(selection.refused) == 50
    assert len(ids) == 2 * 350
    pauses = [seconds for seconds in slept if seconds]
    assert len(pauses) == 3, "the parents share the pauses"
    assert pauses == sorted(pauses)
    batches = sum(request.method == "POST" for request in graph.requests)
    assert batches <= 20 + 3 * 3
    assert max(applications.asked[f"a{each}"] for each in range(0, 400, 8)) == 4


def test_whether_many_parents_still_exist_is_checked_concurrently(graph: FakeGraph) -> None:
    gone = frozenset(f"a{each}" for each in range(100))
    applications = Applications({}, gone)
    in_flight = most = 0

    async def handler(request: httpx.Request) -> httpx.Response:
        nonlocal in_flight, most
        if request.method == "GET" and not request.url.path.endswith("/owners"):
            in_flight += 1
            most = max(most, in_flight)
            await asyncio.sleep(0)
            in_flight -= 1
        return applications(request)

    graph.handler = handler
    graph.rate_limits.set_tenant_size(10_000)  # enough for all of these requests at once
    part = MemoryPart()
    graph.run(lambda client: read_children(client, OWNERS, keys(200), graph.meter, part))
    assert most > 4
    assert sorted(applications.checked) == sorted(gone), "once each"
    assert len(part.rows) == 200


def test_many_unavailable_parents_cost_few_requests_each(graph: FakeGraph) -> None:
    applications = Applications({f"a{each}": PERMANENT["503"] for each in range(0, 1_200, 3)})
    ids, selection = read(graph, applications, 1_200)
    assert len(selection.refused) == 400
    assert len(ids) == 2 * 800
    retried = Counter(times for app, times in applications.asked.items() if app in applications.answers)
    assert max(retried) == 8 + 3
    assert retried[3 + 3] > 200, "once 60 were in vain, the others get three attempts, and three more at the end"


def test_an_outage_in_the_middle_of_the_read_fails_it(graph: FakeGraph) -> None:
    def answer(request: httpx.Request, time: int) -> httpx.Response | None:
        return failure(503) if len(graph.requests) > 60 else None

    graph.handler = Applications({}, everyone=answer)
    with pytest.raises(GraphUnavailable):
        graph.run(lambda client: read_children(client, OWNERS, keys(2_000), graph.meter, MemoryPart()))
    assert len(graph.requests) < 1_500


@pytest.fixture
def one_clock(graph: FakeGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let retries see the time that the rate limits spend waiting."""
    monkeypatch.setattr(RetryBudget.__init__, "__kwdefaults__", {"clock": graph.clock.now})


@pytest.mark.parametrize("whole", [False, True], ids=["items", "batches"])
def test_an_outage_late_in_a_long_read_ends_it_soon(graph: FakeGraph, whole: bool) -> None:
    def answer(request: httpx.Request, time: int) -> httpx.Response | None:
        return failure(503) if len(graph.requests) > 60 else page([f"of {request.url.path}"])

    applications = Applications({}, everyone=answer)
    graph.handler = lambda request: failure(503) if whole and len(graph.requests) > 60 else applications(request)
    with pytest.raises(GraphUnavailable):
        graph.run(lambda client: read_children(client, OWNERS, keys(2_500), graph.meter, MemoryPart()))
    assert len(graph.requests) < 60 + 1_000


@pytest.mark.usefixtures("one_clock")
def test_many_throttled_parents_fail_the_read_instead_of_hours_of_waiting(graph: FakeGraph) -> None:
    throttled = always(failure(429, "TooManyRequests", Retry_After="100"))
    graph.handler = Applications({f"a{each}": throttled for each in range(0, 2_000, 3)})
    with pytest.raises(GraphUnavailable):
        graph.run(lambda client: read_children(client, OWNERS, keys(2_000), graph.meter, MemoryPart()))
    assert graph.clock.time - graph.times[0] < 3_600


@pytest.mark.usefixtures("one_clock")
def test_a_few_throttled_parents_are_refused(graph: FakeGraph) -> None:
    throttled = always(failure(429, "TooManyRequests", Retry_After="100"))
    ids, selection = read(graph, Applications({"a3": throttled, "a90": throttled}), 100)
    assert [each.key for each in selection.refused] == [("a3",), ("a90",)]
    assert len(ids) == 2 * 98
    assert graph.clock.time - graph.times[0] < 1_800


def test_what_is_not_from_graph_is_no_matter_of_one_parent(graph: FakeGraph) -> None:
    login = httpx.Response(200, content=b"<html>Sign in to the proxy</html>", headers={"Content-Type": "text/html"})
    graph.handler = Applications({"a7": on_page_two(login)})
    with pytest.raises(NotFromGraph):
        graph.run(lambda client: read_children(client, OWNERS, keys(30), graph.meter, MemoryPart()))


CHEAP = [kind for kind in PERMANENT if "endless" not in kind]
KINDS = st.sampled_from([*CHEAP, "answers", "answers", "answers", "gone", "momentary 404", "momentary 503", "expired once"])
MOMENTARY: dict[str, Answer] = {
    "momentary 404": lambda _, time: failure(404) if time <= 2 else None,
    "momentary 503": lambda _, time: failure(503) if time <= 5 else None,
    "expired once": lambda request, time: failure(400, "Directory_ExpiredPageToken") if time == 2 else None,
}


@settings(max_examples=40, deadline=None)
@given(st.lists(KINDS, min_size=1, max_size=25), st.booleans())
def test_every_parent_is_complete_refused_or_gone(kinds: list[str], backwards: bool) -> None:
    graph = FakeGraph()
    answers = {f"a{each}": (PERMANENT | MOMENTARY).get(kind) for each, kind in enumerate(kinds)}
    gone = frozenset(f"a{each}" for each, kind in enumerate(kinds) if kind == "gone")
    applications = Applications({app: answer for app, answer in answers.items() if answer}, gone)
    graph.handler = lambda request: (
        batched(request, applications.answer, backwards=backwards) if request.method == "POST" else applications(request)
    )
    part = MemoryPart()
    complete = {f"a{each}" for each, kind in enumerate(kinds) if kind == "answers" or kind in MOMENTARY}
    refused = {(f"a{each}",) for each, kind in enumerate(kinds) if kind in PERMANENT}

    def work() -> Any:
        return graph.run(lambda client: read_children(client, OWNERS, keys(len(kinds)), graph.meter, part))

    if refused and not complete:
        with pytest.raises(AadAssetsError):
            work()
        assert part.rows == []
        return
    selection = work()
    assert sorted(part.ids) == sorted(owners(*complete))
    assert {each.key for each in selection.refused} == refused
    assert len(graph.requests) < 40 * len(kinds) + 100
