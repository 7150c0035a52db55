"""Reloads while Graph refuses some parents: their rows, and those below them, stay; the rest is published."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from aad_assets.catalog import CATALOG
from aad_assets.errors import LoadBlocked, PermissionMissing, WarehouseError
from aad_assets.metadata import apply, parse
from aad_assets.reload import Outcome
from aad_assets.reload import load as loading
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.publishing import publish as publishing
from aad_assets.warehouse.publishing.gates import Gate, Gates
from aad_assets.warehouse.publishing.options import Mode, Options
from aad_assets_tests.fake_graph import batched, failure, page
from aad_assets_tests.reload.fake_reload import FakeReload
from aad_assets_tests.warehouse.support import Lab

REVIEWS = "/identityGovernance/accessReviews/definitions"
REVIEW_TABLES = ("access_review_definitions", "access_review_instances", "access_review_decisions")
FORBIDDEN = failure(403, "Forbidden", "Not this one.")
BAD = failure(400, "BadRequest", "The review cannot be read.")


@dataclass
class Tenant:
    """Groups with members, and access reviews with instances and decisions, of which Graph may refuse some."""

    members: dict[str, list[str]]
    reviews: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    """Decisions by instance, by definition."""
    refused: dict[str, httpx.Response] = field(default_factory=dict)
    """Responses by path."""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        return batched(request, self.answer) if request.url.path.endswith("$batch") else self.answer(request)

    def answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/v1.0")
        if path in self.refused:
            return self.refused[path]
        if path.endswith("/$count"):
            return httpx.Response(200, text=str(len(self.members)))
        if request.method == "POST":  # the tenant has no directory extension properties
            return page()
        match path.removeprefix(REVIEWS).strip("/").split("/"):
            case ["groups"]:
                return page([*self.members])
            case ["groups", group, "members"] if group in self.members:
                return page([{"id": each, "@odata.type": "#microsoft.graph.user"} for each in self.members[group]])
            case ["groups", group, "members", "microsoft.graph.servicePrincipal"] if group in self.members:
                return page([])
            case [""]:
                return page([*self.reviews])
            case [definition, "instances"] if definition in self.reviews:
                return page([*self.reviews[definition]])
            case [definition, "instances", instance, "decisions"] if instance in self.reviews.get(definition, {}):
                return page(self.reviews[definition][instance])
        return failure(404)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    made = Lab(tmp_path)
    yield made
    made.close()


@pytest.fixture
def reload(lab: Lab) -> FakeReload:
    return FakeReload(lab, Target(str(lab.folder / "entra.duckdb"), "aad", lock_wait=0.0))


@pytest.fixture
def tenant(reload: FakeReload) -> Tenant:
    made = Tenant({f"g{n}": [f"m{n}", f"m{n + 1}"] for n in range(30)})
    reload.graph.handler = made
    return made


def stored(reload: FakeReload, statement: str) -> list[tuple[Any, ...]]:
    return reload.lab.stored(reload.target, statement)


def edges(reload: FakeReload) -> set[tuple[str, str]]:
    return set(stored(reload, "SELECT groupId, memberId FROM {schema}.group_members"))


def decisions(reload: FakeReload) -> set[str]:
    found = stored(reload, "SELECT definitionId, instanceId, id FROM {schema}.access_review_decisions")
    return {"/".join(key) for key in found}


def numbers(outcome: Outcome) -> tuple[str, int, int, int, int]:
    load = outcome.load
    return load.status, load.rows, load.inserted, load.deleted, load.refused_parents


@pytest.mark.parametrize("status", [400, 403, 404, 500])
@pytest.mark.parametrize("together", [True, False], ids=["with groups", "alone"])
def test_one_group_in_30_that_is_refused_costs_nothing_else(
    reload: FakeReload, tenant: Tenant, status: int, together: bool
) -> None:
    tables = ("groups", "group_members") if together else ("group_members",)
    reload(*tables)
    before = edges(reload)
    assert len(before) == 60
    tenant.refused = {"/groups/g3/members": failure(status, "SomeCode", "Not this one."), "/groups/g3": page()}
    tenant.members |= {"g3": ["nobody"], "g4": ["m4", "new"], "g5": []}
    outcome = reload(*tables)["group_members"]

    assert numbers(outcome) == ("published", 56, 1, 3, 1), outcome.reason
    assert outcome.table_rows == 58
    assert edges(reload) == before - {("g4", "m5"), ("g5", "m5"), ("g5", "m6")} | {("g4", "new")}
    assert outcome.reason == (
        f"1 of 30 parents was refused ({status} SomeCode); its stored rows are unchanged. aad_meta.refused_parents names it."
    )
    recorded = """SELECT r.entity, key, r.status, code, message, l.refused_parents
                  FROM {meta}.refused_parents r JOIN {meta}.loads l USING (load_id)"""
    assert stored(reload, recorded) == [("group_members", "g3", status, "SomeCode", "Not this one.", 1)]

    tenant.refused.clear()
    outcome = reload(*tables)["group_members"]
    assert (outcome.reason, outcome.table_rows) == (None, None)
    assert edges(reload) == {(group, member) for group, members in tenant.members.items() for member in members}


def test_members_of_a_group_that_is_gone_go_while_others_are_refused(reload: FakeReload, tenant: Tenant) -> None:
    reload("groups", "group_members")
    tenant.refused = {"/groups/g3/members": FORBIDDEN}
    del tenant.members["g4"]
    outcome = reload("groups", "group_members")["group_members"]
    assert numbers(outcome) == ("published", 56, 0, 2, 1)
    assert {group for group, _ in edges(reload)} == {*tenant.members}


def test_a_first_load_publishes_the_parents_that_answered(reload: FakeReload, tenant: Tenant) -> None:
    tenant.refused = {"/groups/g3/members": FORBIDDEN}
    assert numbers(reload("group_members")["group_members"]) == ("published", 58, 58, 0, 1)


def test_a_permission_is_missing_only_if_no_parent_answers(reload: FakeReload, tenant: Tenant) -> None:
    reload("group_members")
    tenant.refused = {f"/groups/g{n}/members": FORBIDDEN for n in range(30)}
    outcome = reload("group_members")["group_members"]
    assert isinstance(outcome.error, PermissionMissing)
    assert "Grant the permissions GroupMember.Read.All and" in str(outcome.reason)
    assert len(edges(reload)) == 60


def test_the_gate_blocks_many_refusals_and_names_them(reload: FakeReload, tenant: Tenant) -> None:
    tenant.refused = {f"/groups/g{n}/members": FORBIDDEN for n in range(4)}
    outcome = reload("group_members")["group_members"]
    assert isinstance(outcome.error, LoadBlocked)
    assert "Graph refused 4 of 30 parents of group_members (the limit is 10%, or 1 parent)" in str(outcome.reason)
    assert outcome.error.override == {"allow": {"group_members": ["refused"]}}
    assert stored(reload, "SELECT status, refused_parents FROM {meta}.loads") == [("blocked", 4)]
    assert len(stored(reload, "FROM {meta}.refused_parents")) == 4

    opened = Options(gates=Gates(open=frozenset({Gate.REFUSED})))
    outcome = reload("group_members", options={"group_members": opened})["group_members"]
    assert numbers(outcome) == ("published", 52, 52, 0, 4)
    chosen = {entity.table: entity for entity in apply(parse("entities: {group_members: {gates: {refused: 0.2}}}"))}
    assert numbers(reload(chosen["group_members"])["group_members"]) == ("published", 52, 0, 0, 4)


def test_different_refusals_are_summarised(reload: FakeReload, tenant: Tenant) -> None:
    tenant.refused = {f"/groups/g{n}/members": FORBIDDEN for n in range(2)} | {"/groups/g3/members": BAD}
    outcome = reload("group_members")["group_members"]
    assert outcome.reason == (
        "3 of 30 parents were refused (403 Forbidden ×2, 400 BadRequest); their stored rows are unchanged. "
        "aad_meta.refused_parents names them."
    )


@pytest.mark.parametrize("tables", [REVIEW_TABLES, REVIEW_TABLES[1:], REVIEW_TABLES[2:]], ids=lambda tables: str(len(tables)))
def test_rows_below_a_refused_review_stay_in_every_table_below(
    reload: FakeReload, tenant: Tenant, tables: tuple[str, ...]
) -> None:
    tenant.reviews = {f"d{n}": {f"i{n}": ["x", "y"], f"j{n}": ["x"]} for n in range(10)}
    reload(*REVIEW_TABLES)
    before = decisions(reload)
    assert len(before) == 30
    tenant.refused = {f"{REVIEWS}/d3/instances": BAD, f"{REVIEWS}/d4/instances/i4/decisions": FORBIDDEN}
    tenant.reviews |= {"d3": {}, "d4": {"i4": [], "j4": ["new"]}, "d5": {"i5": ["x"]}}
    del tenant.reviews["d6"]
    outcomes = reload(*tables)

    assert {outcome.load.status for outcome in outcomes.values()} == {"published"}, [
        each.reason for each in outcomes.values()
    ]
    gone = {"d4/j4/x", "d5/i5/y", "d5/j5/x", "d6/i6/x", "d6/i6/y", "d6/j6/x"}
    assert decisions(reload) == before - gone | {"d4/j4/new"}
    reason = str(outcomes["access_review_decisions"].reason)
    assert "of access_review_instances was refused (400 BadRequest); the stored rows below it are unchanged" in reason
    assert "was refused (403 Forbidden); its stored rows are unchanged" in reason
    assert outcomes["access_review_decisions"].load.refused_parents == (1 if len(tables) > 1 else 2)
    refused = {("access_review_instances", "d3"), ("access_review_decisions", "d4|i4")}
    assert set(stored(reload, "SELECT entity, key FROM {meta}.refused_parents")) == refused
    if "access_review_instances" in tables:
        instances = set(stored(reload, "SELECT definitionId, id FROM {schema}.access_review_instances"))
        assert {("d3", "i3"), ("d3", "j3"), ("d5", "i5")} <= instances
        assert not {("d5", "j5"), ("d6", "i6"), ("d6", "j6")} & instances


def test_a_review_that_is_gone_takes_its_kept_rows_along(reload: FakeReload, tenant: Tenant) -> None:
    tenant.reviews = {"d0": {"i0": ["x"]}, "d1": {"i1": ["x", "y"]}, "d2": {"i2": ["x", "y"]}}
    reload(*REVIEW_TABLES)
    tenant.refused = {f"{REVIEWS}/d0/instances": BAD}
    reload(*REVIEW_TABLES)
    assert len(decisions(reload)) == 5
    del tenant.reviews["d0"]
    outcomes = reload(*REVIEW_TABLES)
    assert [outcome.reason for outcome in outcomes.values()] == [None] * 3
    assert len(decisions(reload)) == 4


@pytest.mark.parametrize("mode", [Mode.TRUNCATE, Mode.RECREATE])
def test_truncate_keeps_the_rows_and_recreate_is_refused(reload: FakeReload, tenant: Tenant, mode: Mode) -> None:
    reload("group_members")
    tenant.refused = {"/groups/g3/members": FORBIDDEN}
    outcome = reload("group_members", options={"group_members": Options(mode)})["group_members"]
    assert len(edges(reload)) == 60
    if mode is Mode.RECREATE:
        assert isinstance(outcome.error, WarehouseError)
        assert "group_members cannot be recreated now because Graph refused the rows of 1 parent" in str(outcome.reason)
    else:
        assert numbers(outcome) == ("published", 58, 58, 58, 1)


def test_children_say_whether_their_parent_was_read(
    reload: FakeReload, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    reload("groups", "group_members")
    all_groups = dict(tenant.members)

    def reason() -> str:
        return str(reload("groups", "group_members")["group_members"].reason)

    tenant.members = {group: all_groups[group] for group in list(all_groups)[:5]}
    assert "not published because groups was read but blocked by a gate in this run" in reason()

    tenant.members = all_groups
    publish = publishing.publish

    def fails_for_groups(cursor: Any, target: Any, entity: Any, *others: Any) -> None:
        if entity.table == "groups":
            raise WarehouseError("The disk is full.")
        publish(cursor, target, entity, *others)

    monkeypatch.setattr(loading, "publish", fails_for_groups)
    assert "not published because groups was read but could not be written in this run" in reason()
    monkeypatch.undo()
    tenant.refused = {"/groups": FORBIDDEN}
    assert "not published because groups could not be read in this run" in reason()


def test_a_table_that_does_not_name_parents_deletes_nothing_meanwhile(reload: FakeReload, tenant: Tenant) -> None:
    entity = CATALOG["application_extension_properties"]
    rows = {"a": ["e1", "e2"], "b": ["e3"]}

    def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/v1.0").strip("/").split("/")
        if path == ["applications"]:
            return page([*rows])
        return FORBIDDEN if path[1] in tenant.refused else page(rows[path[1]])

    reload.graph.handler = lambda request: batched(request, answer) if request.method == "POST" else answer(request)
    reload(entity)
    tenant.refused = {"b": FORBIDDEN}
    rows["a"] = ["e1", "e4"]
    outcome = reload(entity)[entity.table]
    assert (numbers(outcome), outcome.load.kept) == (("published", 2, 1, 0, 1), 2)
    assert f"no row of {entity.table} is deleted, because the rows do not name their parents." in str(outcome.reason)
