"""The whole message of each gate, as people read it, and the run's config that opens it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aad_assets.errors import LoadBlocked
from aad_assets.warehouse.publishing.gates import Disagreement, Gate, Gates, check_order, type_blocked

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
GATES = Gates(open=frozenset({Gate.COUNT}))
OPENED = "If the rows are right, open the gate for one run with {allow: {users: [%s]}} in the run's config."


def block(gates: Gates, check: str, *values: Any) -> Callable[[], None]:
    return lambda: getattr(gates, check)("users", *values)


@pytest.mark.parametrize(
    ("check", "gate", "allowed", "message"),
    [
        (
            block(Gates(), "check_count", 1, 2000),
            Gate.COUNT,
            ["count"],
            "1 row was read, but Graph counts 2,000 (they may differ by 1% or 10 rows). Pages may be missing. Reload again.",
        ),
        (
            block(Gates(count_rows=1), "check_count", 20, 40),
            Gate.COUNT,
            ["count"],
            "20 rows were read, but Graph counts 40 (they may differ by 10% or 1 row). Pages may be missing. Reload again.",
        ),
        (
            block(GATES, "check_shrink", 1000, 0),
            Gate.EMPTY,
            ["count", "empty"],
            (
                "no rows were read, but the table holds 1,000. A permission may have been removed. Check that the "
                "collection is "
                "really empty."
            ),
        ),
        (
            block(GATES, "check_shrink", 1000, 250),
            Gate.SHRINK,
            ["count", "shrink"],
            (
                "250 rows were read, but the table holds 1,000: 75% are missing (the limit is 20% and 50 rows). "
                "Check that so many "
                "are really gone."
            ),
        ),
        (
            block(Gates(), "check_shrink", 100, 1),
            Gate.SHRINK,
            ["shrink"],
            (
                "1 row was read, but the table holds 100: 99% are missing (the limit is 20% and 50 rows). Check that "
                "so many are "
                "really gone."
            ),
        ),
        (
            block(Gates(), "check_shrink", 12, 2),
            Gate.SHRINK,
            ["shrink"],
            (
                "2 rows were read, but the table holds 12: 83% are missing (the limit is 50%). Check that so many are really "
                "gone."
            ),
        ),
        (
            block(Gates(), "check_reads", Disagreement(Gate.SHRINK, 2, 3)),
            Gate.SHRINK,
            ["shrink"],
            (
                "two reads disagreed: 2 rows and then 3 rows were read, and not the same rows were missing. Pages may be "
                "missing. Reload again."
            ),
        ),
        (
            block(Gates(), "check_rejects", 20, 1000),
            Gate.REJECTS,
            ["rejects"],
            (
                "20 of 1,000 rows have values that do not match the declared types (the limit is 1%). Graph may have "
                "changed a "
                "type. Check which columns have turned NULL."
            ),
        ),
        (
            block(Gates(), "check_columns", 2, {"mail": 2, "name": 2, "city": 1}, {"mail": 0, "name": 0, "city": 0}),
            Gate.NULL_COLUMN,
            ["null_column"],
            (
                "mail, name: most of the 2 stored rows have a value, and none of the rows that were read has one. A "
                "permission or a "
                "licence may have been removed. Restore it."
            ),
        ),
    ],
)
def test_a_gate_says_what_is_wrong_and_how_to_open_it(
    check: Callable[[], None], gate: Gate, allowed: list[str], message: str
) -> None:
    with pytest.raises(LoadBlocked) as caught:
        check()

    assert caught.value.gate == gate
    assert str(caught.value) == f"the gate {gate} blocked it: {message} {OPENED % ', '.join(allowed)}"
    assert caught.value.override == {"allow": {"users": allowed}}


def test_a_type_that_stored_values_do_not_cast_to_is_taken_by_recreating_the_table() -> None:
    error = type_blocked("users.age", "VARCHAR", "INTEGER", "users")

    assert error.gate == Gate.TYPE
    assert error.override == {"modes": {"users": "recreate"}}
    assert str(error) == (
        "the gate type blocked it: users.age is stored as VARCHAR and is now declared as INTEGER, and stored values do not "
        "cast. To take the new type, reload once with {modes: {users: recreate}} in the run's config."
    )


def test_a_read_that_started_earlier_is_blocked() -> None:
    with pytest.raises(LoadBlocked) as caught:
        check_order(NOW - timedelta(hours=1), NOW, NOW)

    assert (caught.value.gate, caught.value.override) == (Gate.LATER_READ, None)
    assert str(caught.value) == (
        "the gate later_read blocked it: a read that started later, at 2026-11-01 12:00:00 UTC, is published "
        "already. Nothing "
        "is lost. Schedule the runs further apart."
    )


@pytest.mark.parametrize("last", [None, NOW, NOW + timedelta(hours=1)], ids=["none", "same moment", "in the future"])
def test_a_read_that_started_no_earlier_is_not_blocked(last: datetime | None) -> None:
    check_order(NOW, last, NOW)
