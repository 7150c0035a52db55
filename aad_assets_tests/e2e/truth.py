"""What a table has to hold, worked out from the tenant's own objects and the declared types. No test in here."""

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

from aad_assets.catalog import Entity
from aad_assets.catalog.types import Json, List, Scalar, Struct, Type
from aad_assets.demo import DemoServer

Row = dict[str, Any]


def expected_rows(server: DemoServer, entity: Entity) -> dict[tuple[str, ...], Row]:
    """Rows by key."""
    rows = [expected_row(entity, item) for item in server.objects(entity.table)]
    found = {tuple(row[name] for name in entity.key): row for row in rows}
    assert len(found) == len(rows), f"the tenant itself has duplicate keys in {entity.table}"
    return found


def expected_row(entity: Entity, item: dict[str, Any]) -> Row:
    if entity.edge:
        parent = {entity.parent_column: item["parent"]} if entity.parent_column else {}
        return {**parent, f"{entity.edge}Id": item["id"], f"{entity.edge}Type": item["type"].rpartition(".")[2]}
    return {column.name: expected_value(item.get(column.source), column.type) for column in entity.columns}


def expected_value(value: Any, type_: Type) -> Any:
    """A JSON value as DuckDB's Python API returns it for the type."""
    if value is None:
        return None
    match type_:
        case List(item):
            return [expected_value(element, item) for element in value]
        case Struct(fields):
            return {name: expected_value(value.get(name), field) for name, field in fields}
        case Json():
            return value
        case Scalar("DateTimeOffset"):
            moment = datetime.fromisoformat(value)
            return moment.astimezone(UTC)
        case Scalar("Date"):
            return date.fromisoformat(value)
        case _:
            return value


def stored_rows(entity: Entity, rows: Iterable[tuple[Any, ...]]) -> dict[tuple[str, ...], Row]:
    """Rows of the table by key, from a query of the entity's columns in order."""
    found = {}
    for values in rows:
        row = {column.name: stored_value(value, column.type) for column, value in zip(entity.columns, values, strict=True)}
        found[tuple(row[name] for name in entity.key)] = row
    return found


def stored_value(value: Any, type_: Type) -> Any:
    """With JSON decoded, wherever it is."""
    if value is None:
        return None
    match type_:
        case List(item):
            return [stored_value(element, item) for element in value]
        case Struct(fields):
            return {name: stored_value(value[name], field) for name, field in fields}
        case Json():
            return json.loads(value)
        case _:
            return value
