"""Every table and view as of earlier days equals the copies of those days, and what the tenant held then."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from aad_assets.catalog import CATALOG, ENTITIES, Entity, Shape
from aad_assets.catalog.types import quoted
from aad_assets.catalog.views import VIEWS
from aad_assets_tests.e2e.truth import Row, stored_rows
from aad_assets_tests.readers import compare
from aad_assets_tests.readers.days import DAYS, Days

TABLES = [entity.table for entity in ENTITIES if entity.app_only]
COPIES = range(len(DAYS) - 1)


@pytest.fixture(scope="module")
def reader(days: Days) -> Iterator[duckdb.DuckDBPyConnection]:
    with compare.attached(days.folder, days.days) as connection:
        yield connection


@pytest.mark.slow  # the script below compares them all at once
@pytest.mark.parametrize("number", COPIES)
@pytest.mark.parametrize("name", [*TABLES, *(view.name for view in VIEWS)])
def test_a_table_or_view_is_as_it_was(reader: duckdb.DuckDBPyConnection, days: Days, name: str, number: int) -> None:
    assert compare.differences(reader, number, days.days[number], name)[0] == 0


@pytest.mark.parametrize("number", [0, *(pytest.param(number, marks=pytest.mark.slow) for number in COPIES[1:])])
@pytest.mark.parametrize("table", TABLES)
def test_a_table_has_what_the_tenant_held(reader: duckdb.DuckDBPyConnection, days: Days, table: str, number: int) -> None:
    entity = CATALOG[table]
    if entity.shape is Shape.LOG:
        pytest.skip("the copy of the day is the record of a log: the tenant's clock is not that of the loads")
    reader.execute(f"SET VARIABLE as_of = TIMESTAMPTZ '{days.days[number]['moment']}'")
    names = ", ".join(quoted(column.name) for column in entity.columns)
    found = stored_rows(entity, reader.execute(f"SELECT {names} FROM today.aad_at.{quoted(table)}").fetchall())
    expected = days.truth[number].get(table, {})
    assert lasting(entity, found) == lasting(entity, expected)


def lasting(entity: Entity, rows: dict[tuple[str, ...], Row]) -> dict[tuple[str, ...], Row]:
    """Return the rows without the columns that change without a new version."""
    names = [column.name for column in entity.columns if column.name not in entity.volatile]
    return {key: {name: row.get(name) for name in names} for key, row in rows.items()}


def test_what_is_compared_has_changed(days: Days) -> None:
    """Otherwise the tests above would pass on a database without history."""
    changed = [table for table in TABLES if days.truth[0].get(table) != days.truth[-1].get(table)]
    assert {"users", "groups", "group_members", "devices", "applications"} <= set(changed)


def test_the_script_finds_no_difference_and_would_find_one(days: Days, tmp_path: Path) -> None:
    assert list(compare.problems(days.folder)) == []

    for file in days.folder.iterdir():
        shutil.copy(file, tmp_path / file.name)
    with duckdb.connect(str(tmp_path / "now.duckdb")) as connection:
        oldest = "(SELECT min_by(id, _valid_from) FROM aad_history.groups WHERE _valid_to IS NULL)"
        connection.execute(f"DELETE FROM aad_history.groups WHERE _valid_to IS NULL AND id = {oldest}")
    found = list(compare.problems(tmp_path))
    assert any(line.startswith("groups as of") and "1 of" in line for line in found)
