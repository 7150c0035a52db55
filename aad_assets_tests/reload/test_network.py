"""A broken network costs one entity: its outcome says what happened, and the other entities are published."""

import gzip
from collections.abc import Callable, Iterator

import httpx
import pytest

from aad_assets.errors import GraphUnavailable, InvalidResponse, NotFromGraph
from aad_assets.transport import MAX_BODY
from aad_assets_tests.fake_graph import failure, page, streamed
from aad_assets_tests.reload.fake_reload import FakeReload
from aad_assets_tests.warehouse.support import Lab, MemoryTarget


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    made = Lab(tmp_path_factory.mktemp("network"))
    yield made
    made.close()


@pytest.fixture
def reload(lab: Lab) -> FakeReload:
    return FakeReload(lab, MemoryTarget(lab))


def html(status: int) -> httpx.Response:
    return httpx.Response(status, text="<html>Anna</html>", headers={"Content-Type": "text/html"})


BROKEN: dict[str, tuple[Callable[[], httpx.Response], type[Exception], str, int]] = {
    "a page of a proxy": (lambda: html(200), NotFromGraph, "returned 200 (text/html)", 1),
    "a page of a firewall": (lambda: html(403), NotFromGraph, "returned 403 (text/html)", 1),
    "a redirect": (lambda: html(302), NotFromGraph, "returned 302 (text/html)", 1),
    "a load balancer": (lambda: html(502), GraphUnavailable, "not from Graph (text/html)", 8),
    "NaN": (lambda: streamed(b'{"value":[{"id":"Anna","n":NaN}]}'), InvalidResponse, "invalid character (byte 27)", 1),
    "trailing text": (lambda: streamed(b'{"value":[]}Anna'), InvalidResponse, "trailing characters", 1),
    "a bomb": (
        lambda: streamed(gzip.compress(bytes(MAX_BODY + 1), 1), Content_Encoding="gzip"),
        InvalidResponse,
        "larger than 128 MiB",
        1,
    ),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_response_costs_one_entity_and_says_what_it_is(reload: FakeReload, kind: str) -> None:
    respond, error, text, requests = BROKEN[kind]
    reload.graph.handler = lambda request: respond() if "/policies" in request.url.path else page([{"id": "contoso.example"}])

    outcomes = reload("domains", "token_lifetime_policies")

    assert outcomes["domains"].load.status == "published"
    failed = outcomes["token_lifetime_policies"]
    assert failed.load.status == "failed"
    assert isinstance(failed.error, error)
    assert failed.reason is not None
    assert text in failed.reason
    assert "ermission" not in failed.reason
    assert "Anna" not in failed.reason
    assert failed.load.requests == requests


def test_a_count_of_thousands_of_digits_does_not_end_the_run(reload: FakeReload) -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text="9" * 5_000) if request.url.path.endswith("/$count") else page(["a"])

    reload.graph.handler = respond
    outcome = reload("org_contacts")["org_contacts"]
    assert outcome.load.status == "published"
    assert outcome.load.counted is None


def test_a_throttled_service_delays_its_own_entities_only(reload: FakeReload) -> None:
    left = [failure(429, "TooManyRequests", Retry_After="300")]

    def respond(request: httpx.Request) -> httpx.Response:
        return left.pop() if left and "/accessReviews/" in request.url.path else page([{"id": "contoso.example"}])

    reload.graph.handler = respond
    outcomes = reload("access_review_definitions", "domains")
    assert {outcome.load.status for outcome in outcomes.values()} == {"published"}
    assert outcomes["access_review_definitions"].load.throttled_seconds == pytest.approx(300)
    assert outcomes["domains"].load.throttled_seconds == 0
