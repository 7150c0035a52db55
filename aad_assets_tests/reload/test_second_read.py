"""Small tables whose rows seem to be missing are read twice: what two reads lack is deleted, within the gates."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import httpx
import pytest

from aad_assets.catalog import CATALOG
from aad_assets.warehouse.publishing.gates import Gate, Gates
from aad_assets.warehouse.publishing.options import Mode, Options
from aad_assets_tests.fake_graph import BASE, batched, failure, page
from aad_assets_tests.reload.fake_reload import FakeReload
from aad_assets_tests.warehouse.support import Lab, MemoryTarget

NAMED = "named_locations"
"""A table without a count."""

Rows = Sequence[str]


class Tenant:
    """Lists by path. Each is a sequence of answers, of which the last one stays; an answer is the keys of a whole list."""

    def __init__(self) -> None:
        self.lists: dict[str, list[Rows]] = {}
        self.counts: dict[str, list[int | None]] = {}
        self.read: list[str] = []
        self.members_of: set[str] = set()
        self.rows_a_page = 1000

    def answer(self, path: str, *answers: Rows, counts: Sequence[int | None] = ()) -> None:
        """Let the list at `path`, and its `$count`, answer in this order from now on."""
        self.lists[path], self.counts[path] = list(answers), list(counts)
        self.read.clear()
        self.members_of.clear()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST" and request.url.path.endswith("/$batch"):
            return batched(request, self)
        path = request.url.path.removeprefix("/v1.0").removeprefix("/beta")
        if path.endswith("/$count"):
            count = _next(self.counts.get(path.removesuffix("/$count"), []))
            return failure(400) if count is None else httpx.Response(200, text=str(count))
        if path not in self.lists:
            return failure(404)
        self.read.append(path)
        if path.endswith("/members"):
            self.members_of.add(path.split("/")[2])
        rows: list[Any] = [self.row(path, key) for key in _next(self.lists[path]) or ()]
        skipped = int(request.url.params.get("$skiptoken", 0))
        end = skipped + self.rows_a_page
        return page(rows[skipped:end], f"{BASE}{path}?$skiptoken={end}" if len(rows) > end else None)

    @staticmethod
    def row(path: str, key: str) -> dict[str, Any]:
        return {"id": key} | ({"@odata.type": "#microsoft.graph.user"} if path.endswith("/members") else {})


def _next(answers: list[Any]) -> Any:
    return answers[0] if len(answers) == 1 else answers.pop(0) if answers else None


def keys(number: int, first: int = 0) -> list[str]:
    return [f"k{n}" for n in range(first, first + number)]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    made = Lab(tmp_path_factory.mktemp("second"))
    yield made
    made.close()


@pytest.fixture
def tenant() -> Tenant:
    return Tenant()


@pytest.fixture
def reload(lab: Lab, tenant: Tenant) -> FakeReload:
    made = FakeReload(lab, MemoryTarget(lab))
    made.graph.handler = tenant
    return made


def ids(reload: FakeReload, table: str) -> set[str]:
    return {key for (key,) in reload.lab.stored(reload.target, f"SELECT id FROM {{schema}}.{table}")}


def path_of(table: str) -> str:
    return CATALOG[table].path


@pytest.fixture(params=[NAMED, "domains", "role_definitions", "groups"])
def table(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_list_that_was_cut_short_once_is_published_whole(reload: FakeReload, tenant: Tenant, table: str) -> None:
    tenant.answer(path_of(table), keys(12))
    reload(table)
    tenant.answer(path_of(table), keys(2), keys(13))

    load = reload(table)[table].load

    assert (load.status, load.inserted, load.deleted) == ("published", 1, 0)
    assert ids(reload, table) == set(keys(13))
    assert tenant.read == [path_of(table)] * 2
    assert load.requests >= 2, "the costs of both reads"


def test_a_list_that_is_short_twice_is_blocked(reload: FakeReload, tenant: Tenant) -> None:
    tenant.answer(path_of(NAMED), keys(12))
    reload(NAMED)
    tenant.answer(path_of(NAMED), keys(2))

    outcome = reload(NAMED)[NAMED]

    assert outcome.load.status == "blocked"
    assert "the gate shrink blocked it: 2 rows were read, but the table holds 12" in str(outcome.reason)
    assert len(tenant.read) == 2
    assert ids(reload, NAMED) == set(keys(12))


def test_rows_that_two_reads_lack_are_deleted_if_the_gates_pass(reload: FakeReload, tenant: Tenant) -> None:
    """More than half of 60 rows, and within the tolerance of the gate for tables of that size."""
    tenant.answer(path_of(NAMED), keys(60))
    reload(NAMED)
    tenant.answer(path_of(NAMED), keys(20))
    load = reload(NAMED)[NAMED].load
    assert (load.status, load.deleted, len(tenant.read)) == ("published", 40, 2)
    assert load.reason is None

    tenant.answer(path_of(NAMED), keys(9, first=50), keys(9, first=50))
    lenient = {NAMED: Options(gates=Gates(shrink_share=1.0))}
    replaced = reload(NAMED, options=lenient)[NAMED].load
    assert (replaced.status, replaced.inserted, replaced.deleted) == ("published", 9, 20)
    assert len(tenant.read) == 2, "other keys are no rows that stayed"


def test_two_reads_that_lack_different_rows_are_blocked(reload: FakeReload, tenant: Tenant, lab: Lab) -> None:
    tenant.answer(path_of(NAMED), keys(60))
    reload(NAMED)
    tenant.answer(path_of(NAMED), keys(20), keys(20, first=20))

    outcome = reload(NAMED)[NAMED]

    assert outcome.load.status == "blocked"
    assert "the gate shrink blocked it: two reads disagreed: 20 rows and then 20 rows were read" in str(outcome.reason)
    assert "{allow: {named_locations: [shrink]}}" in str(outcome.reason)
    assert ids(reload, NAMED) == set(keys(60))
    kept = str(outcome.reason).rsplit(" ", 1)[1].removesuffix(".")
    assert lab.query(f"SELECT min(id), count(*) FROM '{kept}'") == [("k20", 20)]

    tenant.answer(path_of(NAMED), keys(20), keys(20, first=20))
    opened = {NAMED: Options(gates=Gates(open=frozenset({Gate.SHRINK})))}
    assert reload(NAMED, options=opened)[NAMED].load.status == "published"


@pytest.mark.parametrize(
    ("answers", "counts", "status", "reason"),
    [
        ([keys(2), keys(12)], [12], "published", ""),
        ([keys(2)], [12], "blocked", "2 rows were read, but Graph counts 12"),
        ([keys(2)], [12, None], "blocked", "2 rows were read, but Graph counts 12"),
        ([keys(2)], [12, 2], "published", ""),
        ([keys(100)], [101], "published", ""),
        ([keys(100), keys(101)], [103], "published", ""),
    ],
    ids=["cut once", "cut twice", "counted once", "counted wrong", "lags", "grows"],
)
def test_a_first_load_is_read_twice_if_it_differs_from_the_count(
    reload: FakeReload, tenant: Tenant, answers: list[Rows], counts: list[int | None], status: str, reason: str
) -> None:
    tenant.answer("/groups", *answers, counts=counts)
    outcome = reload("groups")["groups"]
    assert outcome.load.status == status, outcome.reason
    assert reason in str(outcome.reason or "")
    assert len(tenant.read) == 2
    counted = reload.lab.stored(reload.target, "SELECT status, counted FROM {meta}.loads")
    assert counted == [(status, next(count for count in reversed(counts) if count is not None))]


def test_a_count_that_two_reads_miss_with_different_rows_blocks(reload: FakeReload, tenant: Tenant) -> None:
    """Within the tolerance of the gate, but rows that come and go between two reads are no deletions."""
    tenant.answer("/groups", keys(30), counts=[30])
    assert reload("groups")["groups"].load.status == "published"
    assert len(tenant.read) == 1
    tenant.answer("/groups", keys(29), keys(29, first=1), counts=[30])
    outcome = reload("groups")["groups"]
    assert "the gate count blocked it: two reads disagreed: 29 rows and then 29 rows" in str(outcome.reason)


def test_rows_that_are_deleted_between_two_reads_do_not_block(reload: FakeReload, tenant: Tenant) -> None:
    tenant.answer(path_of("groups"), keys(200), counts=[200])
    reload("groups")
    tenant.answer(path_of("groups"), keys(199), keys(198), counts=[200, 199])
    assert reload("groups")["groups"].load.status == "published"
    assert ids(reload, "groups") == {*keys(198)}
    tenant.answer(path_of("groups"), keys(197), keys(180), counts=[198, 181])
    assert reload("groups")["groups"].load.status == "blocked"


def test_a_second_read_that_lacks_no_stored_row_is_published_although_the_count_lags(
    reload: FakeReload, tenant: Tenant
) -> None:
    tenant.answer("/groups", keys(12), counts=[12])
    reload("groups")
    tenant.answer("/groups", keys(2), keys(12), counts=[13])
    load = reload("groups")["groups"].load
    assert (load.status, load.deleted, len(tenant.read)) == ("published", 0, 2)


@pytest.mark.parametrize("fails", [failure(403), failure(500)], ids=["permission", "unavailable"])
def test_what_was_counted_is_recorded_also_if_the_load_fails(
    reload: FakeReload, tenant: Tenant, fails: httpx.Response
) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        return fails if request.url.path.endswith("/groups") else tenant(request)

    tenant.answer("/groups", counts=[7])
    reload.graph.handler = handler
    assert reload("groups")["groups"].load.status == "failed"
    assert reload.lab.stored(reload.target, "SELECT status, counted FROM {meta}.loads") == [("failed", 7)]


def test_a_table_without_a_count_records_none(reload: FakeReload, tenant: Tenant) -> None:
    tenant.answer(path_of(NAMED), keys(2))
    reload(NAMED)
    assert reload.lab.stored(reload.target, "SELECT counted FROM {meta}.loads") == [(None,)]


def test_a_table_of_many_requests_is_read_once(reload: FakeReload, tenant: Tenant) -> None:
    tenant.rows_a_page = 10
    tenant.answer("/groups", keys(515), counts=[516])
    assert reload("groups")["groups"].load.status == "published"
    assert len(tenant.read) == 52


@pytest.mark.parametrize("mode", [Mode.COMPARE, Mode.COMPARE_KEEP_DELETED, Mode.TRUNCATE, Mode.RECREATE])
def test_a_cut_list_is_read_again_in_every_mode(reload: FakeReload, tenant: Tenant, mode: Mode) -> None:
    options = {NAMED: Options(mode)}
    tenant.answer(path_of(NAMED), keys(12))
    reload(NAMED, options=options)
    for _ in range(2):
        tenant.answer(path_of(NAMED), keys(12, first=1))
        assert reload(NAMED, options=options)[NAMED].load.status == "published"
        assert len(tenant.read) == 1, "rows that are kept as deleted do not count"
    tenant.answer(path_of(NAMED), keys(2), keys(11))
    assert reload(NAMED, options=options)[NAMED].load.rows == 11


def members(tenant: Tenant, group: str, *answers: Rows) -> None:
    tenant.lists[f"/groups/{group}/members"] = list(answers)
    tenant.lists[f"/groups/{group}/members/microsoft.graph.servicePrincipal"] = [()]


def test_children_are_read_for_the_parents_of_the_second_read(reload: FakeReload, tenant: Tenant) -> None:
    for group in keys(12):
        members(tenant, group, ["m"])
    tenant.answer("/groups", keys(12), counts=[12])
    reload("groups", "group_members")
    tenant.answer("/groups", keys(2), keys(12), counts=[12])

    outcomes = reload("groups", "group_members")

    assert {outcome.load.status for outcome in outcomes.values()} == {"published"}
    assert tenant.members_of == set(keys(12))
    assert outcomes["group_members"].load.deleted == 0


def test_children_that_are_cut_short_are_read_again(reload: FakeReload, tenant: Tenant) -> None:
    tenant.answer("/groups", keys(3), counts=[3])
    for group in keys(3):
        members(tenant, group, keys(10))
    assert reload("groups", "group_members")["group_members"].load.rows == 30
    for group in keys(3):
        members(tenant, group, keys(1), keys(10))
    load = reload("groups", "group_members")["group_members"].load
    assert (load.status, load.rows, load.deleted) == ("published", 30, 0)


def test_rows_of_a_refused_parent_are_not_missing(reload: FakeReload, tenant: Tenant) -> None:
    """Most of the rows belong to the one group that Graph refuses; those of the other one are all there."""
    tenant.answer("/groups", keys(2), counts=[2])
    members(tenant, "k0", keys(30))
    members(tenant, "k1", keys(2))
    reload("groups", "group_members")

    def handler(request: httpx.Request) -> httpx.Response:
        def item(each: httpx.Request) -> httpx.Response:
            return failure(403, "Authorization_RequestDenied") if "/k0/" in each.url.path else tenant(each)

        return batched(request, item) if request.url.path.endswith("/$batch") else item(request)

    tenant.read.clear()
    reload.graph.handler = handler
    outcome = reload("groups", "group_members")["group_members"]
    assert (outcome.load.status, outcome.load.deleted) == ("published", 0), outcome.reason
    assert tenant.read.count("/groups/k1/members") == 1
    stored = reload.lab.stored(reload.target, "SELECT groupId, count(*) FROM {schema}.group_members GROUP BY ALL ORDER BY 1")
    assert stored == [("k0", 30), ("k1", 2)]

    members(tenant, "k1", keys(1)[:0], keys(1))
    again = reload("groups", "group_members")["group_members"]
    assert tenant.read.count("/groups/k1/members") == 3, "none of the rows that could have come"
    assert again.load.status == "published", again.reason


def test_logs_are_never_read_twice(reload: FakeReload, tenant: Tenant) -> None:
    at = {"createdDateTime": "2026-11-20T01:00:00Z"}
    handler: Callable[[httpx.Request], httpx.Response] = lambda _: page([{"id": f"e{n}", **at} for n in range(20)])  # noqa: E731
    reload.graph.handler = handler
    reload("sign_ins", log_days=[reload.now.date()])
    requests = len(reload.graph.requests)
    reload.graph.handler = lambda _: page([{"id": "e1", **at}])
    assert reload("sign_ins", log_days=[reload.now.date()])["sign_ins"].load.status == "published"
    assert len(reload.graph.requests) == requests + 1
    assert len(ids(reload, "sign_ins")) == 20


def test_a_second_read_that_fails_fails_the_load(reload: FakeReload, tenant: Tenant) -> None:
    tenant.answer(path_of(NAMED), keys(12))
    reload(NAMED)
    tenant.answer(path_of(NAMED), keys(2))

    def handler(request: httpx.Request) -> httpx.Response:
        return failure(403) if tenant.read else tenant(request)

    reload.graph.handler = handler
    assert reload(NAMED)[NAMED].load.status == "failed"
    assert ids(reload, NAMED) == set(keys(12))


def test_a_table_of_one_row_whose_key_changed_is_read_twice(reload: FakeReload, tenant: Tenant) -> None:
    single = replace(CATALOG["authorization_policy"])
    rows = ["old"]
    reload.graph.handler = lambda _: httpx.Response(200, json={"id": rows[0]} if len(rows) == 1 else {"id": rows.pop(0)})
    reload(single)
    rows[:] = ["new", "new"]
    requests = len(reload.graph.requests)
    load = reload(single)[single.table].load
    assert (load.status, load.inserted, load.deleted) == ("published", 1, 1)
    assert len(reload.graph.requests) == requests + 2
