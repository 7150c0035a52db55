"""The rows that a table must hold, computed from the tenant's objects and the declared types."""

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

from aad_assets.catalog import Entity, Shape
from aad_assets.catalog.columns import ODATA_TYPE
from aad_assets.catalog.extensions import ExtensionProperty, with_extensions
from aad_assets.catalog.types import Json, List, Scalar, Struct, Type
from aad_assets.demo import DemoServer

Row = dict[str, Any]


def known(server: DemoServer, entity: Entity) -> Entity:
    """Return the entity with the columns of this tenant's extension properties."""
    if not entity.extensible:
        return entity
    rows = server.objects("extension_properties")
    return with_extensions(
        entity,
        [
            ExtensionProperty(row["name"], row["dataType"], row["isMultiValued"], frozenset(row["targetObjects"]))
            for row in rows
        ],
    )


def expected_rows(server: DemoServer, entity: Entity) -> dict[tuple[str, ...], Row]:
    """Return the rows by key; for a log, those that the server still keeps."""
    rows = [expected_row(entity, item) for item in _objects(server, entity)]
    found = {tuple(row[name] for name in entity.key): row for row in rows}
    assert len(found) == len(rows), f"the tenant itself has duplicate keys in {entity.table}"
    return found


def _objects(server: DemoServer, entity: Entity) -> Iterable[Any]:
    objects = server.objects(entity.table)
    match entity.table:
        case "schema_extensions":
            ours = {application["appId"] for application in server.objects("applications")}
            return [item for item in objects if item["owner"] in ours]
        case "user_sign_in_activity":  # Graph also lists users who never signed in.
            activity = {item["id"]: item for item in objects}
            return [activity.get(user["id"], {"id": user["id"]}) for user in server.objects("users")]
    return objects


def expected_row(entity: Entity, item: Any) -> Row:
    if entity.shape is Shape.STRINGS:
        return {"value": item}
    parents = item.get("parents") or [item.get("parent")]
    row: Row = dict(zip(entity.parent_columns, parents, strict=True)) if entity.parent_columns else {}
    if entity.edge:
        edge = {f"{entity.edge}Id": item["id"], f"{entity.edge}Type": item.get("type", "").rpartition(".")[2]}
        return row | {name: value for name, value in edge.items() if name in {column.name for column in entity.columns}}
    linked = {
        column: (item.get(link.name) or {}).get(name) for link in entity.links for name, column in link.column_names().items()
    }
    for column in entity.columns:
        if column.source == ODATA_TYPE:
            row[column.name] = item.get(ODATA_TYPE, "").rpartition(".")[2] or None
        elif column.name in linked and column.source not in item:
            row[column.name] = linked[column.name]
        elif column.name not in entity.parent_columns:
            row[column.name] = expected_value(item.get(column.source), column.type)
    return row


def expected_value(value: Any, type_: Type) -> Any:
    """Return a JSON value as DuckDB's Python API returns it for the type."""
    if value is None:
        return None
    match type_:
        case List(item):
            return [expected_value(element, item) for element in value]
        case Struct(fields):
            return {name: expected_value(value.get(name), field) for name, field in fields}
        case Json():
            return _without_annotations(value)
        case Scalar("DateTimeOffset") if value.startswith("0001-01-01"):
            return None  # .NET's way to say that there is no date
        case Scalar("DateTimeOffset"):
            return datetime.fromisoformat(value).astimezone(UTC)
        case Scalar("Date"):
            return date.fromisoformat(value)
        case _:
            return value


def _without_annotations(value: Any) -> Any:
    """Return a JSON value without OData's annotations, except types, and without dates that stand for none."""
    match value:
        case dict():
            kept = {name: each for name, each in value.items() if "@odata." not in name or name == ODATA_TYPE}
            return {name: _without_annotations(each) for name, each in kept.items()}
        case list():
            return [_without_annotations(each) for each in value]
        case str() if value.startswith("0001-01-01T00:00:00"):
            return None
        case _:
            return value


def stored_rows(entity: Entity, rows: Iterable[tuple[Any, ...]]) -> dict[tuple[str, ...], Row]:
    """Return rows of the table by key, from a query of the entity's columns in order."""
    found = {}
    for values in rows:
        row = {column.name: stored_value(value, column.type) for column, value in zip(entity.columns, values, strict=True)}
        found[tuple(row[name] for name in entity.key)] = row
    return found


def stored_value(value: Any, type_: Type) -> Any:
    """Return the value with JSON decoded at every level."""
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
