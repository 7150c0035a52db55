"""The schema `_flat`: no nested type is left, and every value of the tables is in it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import duckdb
import pytest

from aad_assets.catalog import CATALOG, ENTITIES, Entity
from aad_assets.catalog.types import Json, List, Scalar, Struct, Type, quoted
from aad_assets.warehouse.derived.flat import flat_views
from aad_assets_tests.readers.days import Days

PLAIN = {"VARCHAR", "BOOLEAN", "INTEGER", "BIGINT", "DOUBLE", "DATE", "TIMESTAMP"}
TABLES = [entity.table for entity in ENTITIES if entity.app_only]


@pytest.fixture(scope="module")
def reader(days: Days) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(days.folder / "now.duckdb"), read_only=True) as connection:
        connection.execute("SET TimeZone = 'America/Lima'")  # must not matter
        yield connection


def test_every_table_and_view_is_there_and_nothing_in_it_is_nested(reader: duckdb.DuckDBPyConnection) -> None:
    names, flat = (
        {name for (name,) in reader.execute(f"SELECT table_name FROM duckdb_columns() WHERE schema_name = '{s}'").fetchall()}
        for s in ("aad", "aad_flat")
    )
    assert names <= flat
    found = reader.execute("SELECT DISTINCT data_type FROM duckdb_columns() WHERE schema_name = 'aad_flat'").fetchall()
    assert {type_ for (type_,) in found} <= PLAIN


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.table)
def test_names_are_unique(entity: Entity) -> None:
    views = list(flat_views("aad", entity.table, [(column.name, column.type) for column in entity.columns], entity.key))
    names = [view.name.lower() for view in views]
    assert len(set(names)) == len(names)
    assert not set(names[1:]) & CATALOG.keys()
    for view in views:
        columns = [name.lower() for name in view.paths]
        assert len(set(columns)) == len(columns)


def leaves(value: Any, type_: Type) -> Iterator[Any]:
    """Yield the values without structure in a value, as the flat views show them."""
    if value is None:
        return
    match type_:
        case Struct(fields):
            for name, field in fields:
                yield from leaves(value[name], field)
        case List(Scalar() as item):
            texts = [plain_text(each, item) for each in value if each is not None]
            yield "; ".join(texts)
        case List(item):
            for each in value:
                yield from leaves(each, item)
        case Scalar("DateTimeOffset"):
            yield value.astimezone(UTC).replace(tzinfo=None)
        case _:
            yield value


def plain_text(value: Any, item: Scalar) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC).replace(tzinfo=None)}"
    return str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.parametrize("table", TABLES)
def test_every_value_of_a_table_is_in_its_flat_views(reader: duckdb.DuckDBPyConnection, table: str) -> None:
    entity = CATALOG[table]
    columns = ", ".join(quoted(column.name) for column in entity.columns)
    expected: list[Any] = []
    for row in reader.execute(f"SELECT {columns} FROM aad.{quoted(table)}").fetchall():
        for column, value in zip(entity.columns, row, strict=True):
            expected += leaves(value, column.type)
    found: list[Any] = []
    for view in flat_views("aad", table, [(column.name, column.type) for column in entity.columns], entity.key):
        keys = {"_tenant_id", *(f"{table}_{name}" for name in entity.key)} if view.name != table else set()
        shown = [name for name in view.paths if name not in keys and not name.startswith("_position")]
        selected = ", ".join(map(quoted, shown)) or "NULL"
        for row in reader.execute(f"SELECT {selected} FROM aad_flat.{quoted(view.name)}").fetchall():
            found += [value for value in row if value is not None]
    assert sorted(map(repr, found)) == sorted(map(repr, expected))


def test_the_items_of_lists_in_lists_keep_their_places(tmp_path: Any) -> None:
    plan = Struct((("name", Scalar("String")), ("parts", List(Struct((("n", Scalar("Int32")),))))))
    views = list(flat_views("aad", "t", [("id", Scalar("String")), ("plans", List(plan)), ("opens", List(Json()))], ("id",)))
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA aad_at")
        connection.execute(
            """CREATE TABLE aad_at.t AS SELECT 'tenant' AS _tenant_id, 'a' AS id,
               [{'name': 'x', 'parts': [{'n': 1}, {'n': 2}]}, NULL, {'name': 'y', 'parts': [{'n': 3}]}] AS plans,
               ['{"k": 1}'::JSON, '[2]'::JSON] AS opens"""
        )
        found = {view.name: connection.execute(f"{view.query} ORDER BY ALL").fetchall() for view in views}
    assert found == {
        "t": [("a",)],
        "t_plans": [("tenant", "a", 1, "x"), ("tenant", "a", 2, None), ("tenant", "a", 3, "y")],
        "t_plans_parts": [("tenant", "a", 1, 1, 1), ("tenant", "a", 1, 2, 2), ("tenant", "a", 3, 1, 3)],
        "t_opens": [("tenant", "a", 1, '{"k": 1}'), ("tenant", "a", 2, "[2]")],
    }
