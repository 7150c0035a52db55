"""Rows of parents that Graph refused stay as they are, in every reload mode; everything else is published as usual."""

from dataclasses import replace

import pytest

from aad_assets.catalog import CATALOG
from aad_assets.errors import ErrorResponse, LoadBlocked, Refusals, RefusedParent, WarehouseError
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.publishing.gates import Gate, Gates
from aad_assets.warehouse.publishing.kept_rows import reference
from aad_assets.warehouse.publishing.loads import record_load
from aad_assets.warehouse.publishing.options import Mode, Options
from aad_assets_tests.warehouse.support import OPEN, STRING, TENANT, Lab, Row, counts, entity, new_load, refusals

MEMBERS = replace(
    entity({"groupId": STRING, "memberId": STRING, "memberType": STRING}, table="members", key=("groupId", "memberId")),
    parent="groups",
    parent_columns=("groupId",),
)
SCHEDULES = replace(
    entity({"id": STRING, "groupId": STRING}, table="schedules"), parent="groups", returned_parent_columns=("groupId",)
)
"""Rows whose key does not contain the parent's, as in Privileged Identity Management."""
UNKNOWN = replace(entity({"id": STRING, "name": STRING}, table="properties"), parent="applications")
"""Rows that do not say which parent they belong to."""
CHECKED = Options()


def members(*groups: str, each: int = 2, kind: str | None = "user") -> list[Row]:
    return [{"groupId": group, "memberId": f"m{n}", "memberType": kind} for group in groups for n in range(each)]


def keys(lab: Lab, target: Target) -> set[str]:
    return set(lab.table(target, MEMBERS))


@pytest.mark.parametrize("mode", [Mode.COMPARE, Mode.COMPARE_KEEP_DELETED, Mode.TRUNCATE])
def test_rows_of_refused_parents_keep_their_rows_and_versions(lab: Lab, target: Target, mode: Mode) -> None:
    options = replace(OPEN, mode=mode)
    lab.publish(target, members("a", "b", "c"), MEMBERS, options=options)
    before = lab.table(target, MEMBERS)
    read = [*members("a", kind="device"), {"groupId": "c", "memberId": "m0", "memberType": "user"}, *members("d")]
    load = lab.publish(target, read, MEMBERS, number=1, options=options, refusals=[refusals("members", "b", asked=4)])

    assert load.kept == 2
    assert (load.rows, load.unchanged) == (5, 5 - load.inserted - load.updated)
    assert load.deleted == (4 if mode is Mode.TRUNCATE else 1)
    after = lab.table(target, MEMBERS)
    assert {key: after[key] for key in ("b|m0", "b|m1")} == {
        key: row | ({"_deleted_at": None} if "_deleted_at" in row else {}) for key, row in before.items() if key[0] == "b"
    }
    live = {key for key, row in after.items() if not row.get("_deleted_at")}
    assert live == {"a|m0", "a|m1", "b|m0", "b|m1", "c|m0", "d|m0", "d|m1"}
    versions = lab.stored(target, "SELECT _valid_to, _change FROM {history}.members WHERE groupId = 'b'")
    assert versions == [(None, "insert")] * 2
    assert lab.stored(target, "SELECT 1 FROM {meta}.changes WHERE key LIKE 'b|%'") == []

    load = lab.publish(target, members("a", "c"), MEMBERS, number=2, options=options)
    assert {key for key, row in lab.table(target, MEMBERS).items() if not row.get("_deleted_at")} == {
        "a|m0",
        "a|m1",
        "c|m0",
        "c|m1",
    }, "once nothing is refused, the rows go as usual"


def test_the_load_and_each_refused_parent_are_recorded(lab: Lab, target: Target) -> None:
    lab.publish(target, members("a", "b"), MEMBERS)
    long = RefusedParent(("c",), ErrorResponse(0, "ReadTimeout", "x" * 2_000, "", "GET /c"))
    found = Refusals("members", (*refusals("members", "b", "d").parents, long), 90)
    lab.publish(target, members("a"), MEMBERS, number=1, refusals=[found])
    assert lab.stored(target, "SELECT load_id, refused_parents FROM {meta}.loads ORDER BY ALL") == [
        ("load-0", 0),
        ("load-1", 3),
    ]
    rows = lab.stored(target, "SELECT load_id, _tenant_id, entity, key, status, code, message FROM {meta}.refused_parents")
    assert rows == [
        ("load-1", TENANT, "members", "b", 403, "Forbidden", "No."),
        ("load-1", TENANT, "members", "d", 403, "Forbidden", "No."),
        ("load-1", TENANT, "members", "c", None, "ReadTimeout", "x" * 500),
    ]


def test_refused_parents_of_a_load_that_was_not_published_are_recorded_too(lab: Lab, target: Target) -> None:
    load = new_load(1, MEMBERS)
    load.status, load.refusals = "blocked", [refusals("members", "b")]
    with lab.stage.cursor() as cursor:
        record_load(cursor, target, load)
    assert lab.stored(target, "SELECT entity, key FROM {meta}.refused_parents") == [("members", "b")]


def test_a_first_load_publishes_what_was_read(lab: Lab, target: Target) -> None:
    load = lab.publish(target, members("a"), MEMBERS, options=CHECKED, refusals=[refusals("members", "b")])
    assert (counts(load), load.kept) == ((2, 0, 0, 0), 0)
    assert keys(lab, target) == {"a|m0", "a|m1"}


def test_a_table_is_not_recreated_while_parents_are_refused(lab: Lab, target: Target) -> None:
    options = replace(OPEN, mode=Mode.RECREATE)
    first = lab.publish(target, members("a"), MEMBERS, options=options, refusals=[refusals("members", "b")])
    assert first.inserted == 2
    with pytest.raises(
        WarehouseError, match=r"cannot be recreated now because Graph refused the rows of 2 parents, .* another mode"
    ):
        lab.publish(target, members("a"), MEMBERS, number=1, options=options, refusals=[refusals("members", "b", "c")])
    with pytest.raises(WarehouseError, match="cannot be recreated"):
        lab.publish(target, members("a"), MEMBERS, number=1, options=options, inherited=[refusals("groups", "b")])
    assert keys(lab, target) == {"a|m0", "a|m1"}


@pytest.mark.parametrize(
    ("refused", "asked", "share", "blocks"),
    [
        (1, 2, 0.1, False),
        (2, 20, 0.1, False),
        (3, 20, 0.1, True),
        (3, 20, 0.15, False),
        (2, 20, 0.0, True),
        (1, 90, 0.0, False),
        (29, 100, 0.29, False),
    ],
)
def test_the_gate_refused_blocks_above_a_share_of_the_parents(
    lab: Lab, target: Target, refused: int, asked: int, share: float, blocks: bool
) -> None:
    found = refusals("members", *(f"r{n}" for n in range(refused)), asked=asked)
    options = Options(gates=Gates(refused_share=share))
    if not blocks:
        lab.publish(target, members("a"), MEMBERS, options=options, refusals=[found])
        return
    with pytest.raises(LoadBlocked, match=f"Graph refused {refused} of {asked} parents of members") as caught:
        lab.publish(target, members("a"), MEMBERS, options=options, refusals=[found])
    assert caught.value.override == {"allow": {"members": ["refused"]}}
    opened = replace(options, gates=replace(options.gates, open=frozenset({Gate.REFUSED})))
    assert lab.publish(target, members("a"), MEMBERS, options=opened, refusals=[found]).inserted == 2


def test_kept_rows_count_on_both_sides_of_the_gates(lab: Lab, target: Target) -> None:
    lab.publish(target, members("a", each=80) + members("b", each=300), MEMBERS, options=CHECKED)
    some = refusals("members", "b")
    load = lab.publish(target, members("a", each=20), MEMBERS, number=1, options=CHECKED, refusals=[some])
    assert counts(load) == (0, 0, 60, 20), "60 of 380 rows are within the limit of 20%"
    refused = [refusals("members", "a")]
    with pytest.raises(
        LoadBlocked, match=r"200 rows were read, but the table holds 320, of which 20 are kept: 31% are missing"
    ):
        lab.publish(target, members("b", each=200), MEMBERS, number=2, options=CHECKED, refusals=refused)
    load = lab.publish(target, [], MEMBERS, number=3, options=CHECKED, refusals=[refusals("members", "a", "b", asked=99)])
    assert (counts(load), load.kept) == ((0, 0, 0, 0), 320), "the table does not become empty"


def test_a_column_that_only_kept_rows_have_does_not_block_and_hides_nothing(lab: Lab, target: Target) -> None:
    lab.publish(target, members("a", each=4, kind=None) + members("b", each=9), MEMBERS, options=CHECKED)
    some = [refusals("members", "b")]
    load = lab.publish(target, members("a", each=4, kind=None), MEMBERS, number=1, options=CHECKED, refusals=some)
    assert counts(load) == (0, 0, 0, 4)
    lab.publish(target, members("a", each=4), MEMBERS, number=2, options=CHECKED, refusals=some)
    for mode in (Mode.COMPARE, Mode.TRUNCATE):
        with pytest.raises(LoadBlocked, match=r"memberType: most of the 4 stored rows have a value"):
            lab.publish(target, members("a", each=4, kind=None), MEMBERS, number=3, options=Options(mode), refusals=some)


def test_a_row_that_was_read_is_compared_although_its_stored_parent_was_refused(lab: Lab, target: Target) -> None:
    lab.publish(target, [{"id": "s1", "groupId": "a"}, {"id": "s2", "groupId": "a"}], SCHEDULES)
    moved = {"id": "s1", "groupId": "b"}
    load = lab.publish(target, [moved], SCHEDULES, number=1, refusals=[refusals("schedules", "a")])
    assert (counts(load), load.kept) == ((0, 1, 0, 0), 1)
    stored = lab.stored(target, "SELECT id, groupId FROM {schema}.schedules ORDER BY ALL")
    assert stored == [("s1", "b"), ("s2", "a")]


def test_no_row_is_deleted_if_rows_do_not_say_whose_they_are(lab: Lab, target: Target) -> None:
    lab.publish(target, [{"id": "1", "name": "x"}, {"id": "2", "name": "y"}], UNKNOWN)
    load = lab.publish(target, [{"id": "1", "name": "z"}], UNKNOWN, number=1, refusals=[refusals("properties", "a")])
    assert (counts(load), load.kept) == ((0, 1, 0, 0), 1)
    assert set(lab.table(target, UNKNOWN)) == {"1", "2"}


def test_a_row_without_its_parents_key_is_kept(lab: Lab, target: Target) -> None:
    """As after a column was turned off for some time."""
    lab.publish(target, [{"id": "s1"}, {"id": "s2", "groupId": "b"}], SCHEDULES)
    load = lab.publish(target, [], SCHEDULES, number=1, refusals=[refusals("schedules", "a")])
    assert (load.deleted, load.kept) == (1, 1)


def test_rows_of_another_tenant_are_left_alone(lab: Lab, target: Target) -> None:
    lab.publish(target, members("a", "b"), MEMBERS)
    load = lab.publish(target, members("a"), MEMBERS, number=1, refusals=[refusals("members", "b")])
    assert load.kept == 2
    lab.stored(target, "UPDATE {schema}.members SET _tenant_id = 'other' WHERE groupId = 'b'")
    assert lab.publish(target, members("a"), MEMBERS, number=2, refusals=[refusals("members", "b")]).kept == 0
    assert len(lab.stored(target, "FROM {schema}.members")) == 4


def test_rows_below_a_refused_parent_are_kept_in_the_tables_below(lab: Lab, target: Target) -> None:
    decisions = CATALOG["access_review_decisions"]

    def decided(*keys: str) -> list[Row]:
        return [dict(zip(("definitionId", "instanceId", "id"), key, strict=True)) for key in keys]

    lab.publish(target, decided("Aax", "Aay", "Abx", "Bax", "Bbx", "Cax"), decisions)
    load = lab.publish(
        target,
        decided("Aax", "Bax"),
        decisions,
        number=1,
        refusals=[refusals(decisions.table, "A|b", "C|b")],
        inherited=[refusals("access_review_instances", "C", "D")],
    )
    assert (counts(load), load.kept, load.refused_parents) == ((0, 0, 2, 2), 2, 2)
    recorded = lab.stored(target, "SELECT entity, key FROM {meta}.refused_parents ORDER BY ALL")
    assert recorded == [(decisions.table, "A|b"), (decisions.table, "C|b")], "the others are reported by the table above"
    assert set(lab.table(target, decisions)) == {"A|a|x", "A|b|x", "B|a|x", "C|a|x"}


@pytest.mark.parametrize(
    ("table", "above", "expected"),
    [
        ("group_members", "group_members", ("groupId",)),
        ("access_review_decisions", "access_review_decisions", ("definitionId", "instanceId")),
        ("access_review_decisions", "access_review_instances", ("definitionId",)),
        ("app_role_assignments", "app_role_assignments", ("resourceId",)),
        ("group_eligibility_schedules", "group_eligibility_schedules", ("groupId",)),
        ("schema_extensions", "schema_extensions", ("owner",)),
        ("application_extension_properties", "application_extension_properties", ()),
        ("group_members", "access_review_instances", ()),
        ("users", "group_members", ()),
    ],
)
def test_columns_that_name_the_parents_of_a_table_or_of_one_above(table: str, above: str, expected: tuple[str, ...]) -> None:
    assert reference(CATALOG[table], above) == expected


def test_a_column_that_is_turned_off_names_no_parent() -> None:
    off = replace(CATALOG["app_role_assignments"], disabled_columns=frozenset({"resourceId"}))
    assert reference(off, off.table) == ()
