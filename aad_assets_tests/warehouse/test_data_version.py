"""The data version of tables and views: it moves with every change, and with nothing else."""

import pytest

from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.publishing.data_version import data_version
from aad_assets.warehouse.publishing.options import Options
from aad_assets_tests.warehouse.support import COLUMNS, OPEN, TENANT, THINGS, Lab, entity
from aad_assets_tests.warehouse.test_log_days_published import FIRST, event, publish_day


def version(lab: Lab, target: Target, *tables: str, definition: tuple[str, ...] = ()) -> str:
    with lab.stage.cursor() as cursor, target.transaction(cursor, TENANT):
        return data_version(cursor, target, tables or ("things",), TENANT, *definition)


def test_a_load_that_changes_nothing_keeps_it(lab: Lab, target: Target) -> None:
    lab.publish(target, [{"id": "1", "name": "one"}])
    first = version(lab, target)

    lab.publish(target, [{"id": "1", "name": "one"}], number=1)

    assert version(lab, target) == first


@pytest.mark.parametrize(
    "rows",
    [
        [{"id": "1", "name": "one"}, {"id": "2", "name": "two"}],
        [{"id": "1", "name": "other"}],
        [],
    ],
    ids=["inserted", "updated", "deleted"],
)
def test_a_load_that_changes_a_row_changes_it(lab: Lab, target: Target, rows: list[dict[str, str]]) -> None:
    lab.publish(target, [{"id": "1", "name": "one"}])
    first = version(lab, target)

    lab.publish(target, rows, number=1, options=OPEN)

    assert version(lab, target) != first


def test_a_new_column_changes_it(lab: Lab, target: Target) -> None:
    fewer = entity({name: type_ for name, type_ in COLUMNS.items() if name != "name"})
    lab.publish(target, [{"id": "1"}], fewer)
    first = version(lab, target)

    lab.publish(target, [{"id": "1"}], THINGS, number=1)

    assert version(lab, target) != first


def test_a_blocked_load_keeps_it(lab: Lab, target: Target) -> None:
    lab.publish(target, [{"id": str(number)} for number in range(100)])
    first = version(lab, target)

    with pytest.raises(Exception, match="empty"):
        lab.publish(target, [], number=1, options=Options.of(THINGS))

    assert version(lab, target) == first


def test_a_new_day_of_a_log_changes_it(lab: Lab, target: Target) -> None:
    publish_day(lab, target, FIRST, [event("1", FIRST)], 0)
    first = version(lab, target, "events")

    publish_day(lab, target, FIRST, [event("1", FIRST)], 1)
    assert version(lab, target, "events") == first

    publish_day(lab, target, FIRST, [event("1", FIRST), event("2", FIRST)], 2)
    assert version(lab, target, "events") != first


def test_that_of_a_view_covers_its_tables_and_its_definition(lab: Lab, target: Target) -> None:
    lab.publish(target, [{"id": "1", "name": "one"}])
    first = version(lab, target, "things", "others", definition=("SELECT 1",))

    assert version(lab, target, "others", "things", definition=("SELECT 1",)) == first
    assert version(lab, target, "things", "others", definition=("SELECT 2",)) != first
    lab.publish(target, [{"id": "1", "name": "other"}], number=1)
    assert version(lab, target, "things", "others", definition=("SELECT 1",)) != first
