"""The useful query of each table: its first line says what it answers, and DuckDB runs it over the declared tables."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from aad_assets import catalog
from aad_assets.catalog import ENTITIES, Entity
from aad_assets.catalog.types import Json, List, Scalar, Struct, Type, quoted

every_entity = pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.table)

_VALUES = {
    "Boolean": "true",
    "Date": "current_date",
    "DateTimeOffset": "now()",
    "Double": "1.5",
    "Int32": "7",
    "Int64": "7",
}
LONGEST = 126
MOST_LINES = 12


def value(type_: Type) -> str:
    """Return a value in SQL. Texts are all equal, so that joins match, and valid JSON, because some columns store JSON."""
    match type_:
        case Scalar(name):
            return _VALUES.get(name, "'{}'")
        case List(item):
            return f"[{value(item)}]"
        case Struct(fields):
            return "{" + ", ".join(f"{quoted(name)}: {value(field)}" for name, field in fields) + "}"
        case Json():
            return "'{}'::JSON"


@pytest.fixture(scope="module")
def tables() -> Iterator[duckdb.DuckDBPyConnection]:
    """A database with all tables, each with a row in which every column has a value and a row in which none has."""
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA aad")
        for entity in ENTITIES:
            columns = ", ".join(f"{quoted(column.name)} {column.duckdb_type}" for column in entity.columns)
            ours = "_extra JSON, _tenant_id VARCHAR, _loaded_at TIMESTAMPTZ"
            connection.execute(f"CREATE TABLE aad.{entity.table} ({columns}, {ours})")
            values = ", ".join(value(column.type) for column in entity.columns)
            nothing = ", ".join(["NULL"] * len(entity.columns))
            connection.execute(
                f"INSERT INTO aad.{entity.table} VALUES ({values}, '{{}}', '', now()), ({nothing}, NULL, '', now())"
            )
        yield connection


@every_entity
def test_the_query_runs(entity: Entity, tables: duckdb.DuckDBPyConnection) -> None:
    result = tables.execute(entity.query)
    assert result.description
    result.fetchall()


@every_entity
def test_the_query_says_what_it_answers_and_is_short(entity: Entity) -> None:
    lines = entity.query.splitlines()
    assert lines[0].startswith("-- ")
    assert lines[0].endswith(("?", "."))
    assert f"aad.{entity.table}" in entity.query
    assert entity.query.endswith(";")
    assert len(lines) <= MOST_LINES
    assert max(map(len, lines)) <= LONGEST


def test_no_two_tables_have_the_same_question_and_no_query_is_left_over() -> None:
    assert len({entity.query.splitlines()[0] for entity in ENTITIES}) == len(ENTITIES)
    files = {path.stem for path in (Path(catalog.__file__).parent / "queries").iterdir()}
    assert files == {entity.table for entity in ENTITIES}
