"""Forgetting one person: the rows about the person are deleted, and other rows lose what names the person."""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping

import duckdb

from aad_assets.catalog import CATALOG, Shape
from aad_assets.catalog.types import STRING, List, Scalar, Struct, Type, duckdb_type, quoted
from aad_assets.warehouse.database.sql import sql_string
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.forgetting.identifiers import Identifiers
from aad_assets.warehouse.forgetting.tables import Removed, StoredTable, is_nested, stored_tables, written

SUBJECTS = frozenset(
    {
        "id",
        "userId",
        "principalId",
        "memberId",
        "ownerId",
        "managerId",
        "sponsorId",
        "subjectId",
        "targetId",
        "targetObjectId",
        "requestorId",
        "requestorObjectId",
        "assigneeId",
        "riskyUserId",
    }
)
"""Columns that say whom a row is about, beside the columns of its key."""

_NAMES, _WITHOUT, _ROW_WITHOUT = "names_person", "without_person", "row_without_person"
_ABOUT = "keys_about_person"
_ADDRESSES = ("userPrincipalName", "mail", "onPremisesUserPrincipalName")


def forget_person(cursor: duckdb.DuckDBPyConnection, target: Target, person: str) -> list[Removed]:
    """Delete what the tables, their history and the bookkeeping hold of the person with the object id `person`.

    A row is deleted if its key or one of SUBJECTS is the person, and an event of a log if it names the person anywhere. Other
    rows, such as the policies that exclude the person, lose only the parts that name the person. The changes of a row are
    deleted with its last version. Call it in a transaction.
    """
    identifiers = identify(cursor, target, person)
    removed: list[Removed] = []
    with _functions(cursor, identifiers):
        cursor.execute(f"CREATE OR REPLACE TEMP TABLE {_ABOUT} (entity VARCHAR, key VARCHAR)")
        tables = list(stored_tables(cursor, target))
        for table in tables:
            removed += _forget_in(cursor, table, identifiers)
        removed += _forget_in_bookkeeping(cursor, target, tables, identifiers)
    return [each for each in removed if each.number]


def identify(cursor: duckdb.DuckDBPyConnection, target: Target, person: str) -> Identifiers:
    """Return the id and every address that the tables, their history and the changes have of the person."""
    found: list[str | None] = [person]
    for table in list(stored_tables(cursor, target)):
        names = [name for name in _ADDRESSES if name in table.columns]
        if "id" in table.columns and names and table.name in CATALOG and CATALOG[table.name].type == "user":
            values = f"SELECT unnest([{', '.join(map(quoted, names))}]) FROM {table.sql} WHERE lower(id) = lower(?)"
            found += (value for (value,) in cursor.execute(values, [person]).fetchall())
    addresses = ", ".join(map(sql_string, _ADDRESSES))
    changed = (
        f"SELECT unnest([old_value->>'$', new_value->>'$']) FROM {target.meta}.changes "
        f"WHERE lower(key) = lower(?) AND column_name IN ({addresses})"
    )
    found += (value for (value,) in cursor.execute(changed, [person]).fetchall())
    # The principal name of a deleted user begins with the id.
    compact = person.replace("-", "")
    return Identifiers.of([*found, compact, *(f"{compact}{text}" for text in found[1:] if text)])


def names_person(cursor: duckdb.DuckDBPyConnection, relation: str, identifiers: Identifiers) -> bool:
    """Return whether a row of `relation` names the person, in any column."""
    with _functions(cursor, identifiers):
        statement = f"SELECT 1 FROM {relation} t WHERE {_named('to_json(t)', identifiers)} LIMIT 1"
        return bool(cursor.execute(statement).fetchall())


@contextlib.contextmanager
def _functions(cursor: duckdb.DuckDBPyConnection, identifiers: Identifiers) -> Iterator[None]:
    """Register the SQL functions that find and remove the identifiers."""
    functions: Mapping[str, tuple[Callable[[str], bool | str], str]] = {
        _NAMES: (identifiers.name_json, "BOOLEAN"),
        _WITHOUT: (identifiers.without_json, "VARCHAR"),
        _ROW_WITHOUT: (identifiers.row_without, "VARCHAR"),
    }
    for name, (function, type_) in functions.items():
        cursor.create_function(name, function, ["VARCHAR"], type_)
    try:
        yield
    finally:
        for name in functions:
            with contextlib.suppress(duckdb.Error):
                cursor.remove_function(name)


def _named(json: str, identifiers: Identifiers) -> str:
    """Return SQL that is true if a value in JSON names the person. Python looks only at values that may."""
    text = f"lower({json}::VARCHAR)"
    may = " OR ".join(f"contains({text}, {sql_string(needle)})" for needle in identifiers.needles)
    return f"CASE WHEN {may} THEN {_NAMES}({json}::VARCHAR) ELSE false END"


def _forget_in(cursor: duckdb.DuckDBPyConnection, table: StoredTable, identifiers: Identifiers) -> Iterator[Removed]:
    entity = CATALOG.get(table.name)
    if entity is not None and entity.shape is Shape.LOG:
        about = _named("to_json(t)", identifiers)
    else:
        key = set(entity.key if entity else ()) | SUBJECTS
        columns = [name for name, type_ in table.columns.items() if name in key and not is_nested(type_)]
        about = " OR ".join(_named(f"to_json({quoted(name)})", identifiers) for name in columns) or "false"
        if key_text := _key_text(table):
            cursor.execute(f"INSERT INTO {_ABOUT} SELECT {sql_string(table.name)}, {key_text} FROM {table.sql} WHERE {about}")
    yield Removed(table.place, written(cursor, f"DELETE FROM {table.sql} t WHERE {about}"), "row")
    named = _named("to_json(t)", identifiers)
    if cursor.execute(f"SELECT 1 FROM {table.sql} t WHERE {named} LIMIT 1").fetchall():
        values = [_assignment(name, type_, identifiers) for name, type_ in table.columns.items() if _has_text(type_)]
        number = written(cursor, f"UPDATE {table.sql} AS t SET {', '.join(values)} WHERE {named}")
        yield Removed(table.place, number, "value")


def _key_text(table: StoredTable) -> str | None:
    """Return SQL for a row's key as the bookkeeping writes it. None for tables whose key is unknown."""
    key = CATALOG[table.name].key if table.name in CATALOG else ()
    if not key or not table.columns.keys() >= {*key}:
        return None
    return f"concat_ws('|', {', '.join(map(quoted, key))})"


def _has_text(type_: Type) -> bool:
    return is_nested(type_) or type_ == STRING


def _assignment(name: str, type_: Type, identifiers: Identifiers) -> str:
    """Return SQL that assigns to a column its value without the identifiers."""
    before = f"to_json({quoted(name)})"
    without = _ROW_WITHOUT if name == "_extra" else _WITHOUT  # its members are a row's, not those of one object
    after = f"nullif({without}({before}::VARCHAR), 'null')::JSON"
    match type_:
        case Scalar():
            after = f"{after}->>'$'"
        case List() | Struct():
            after = f"{after}::{duckdb_type(type_)}"
    return f"{quoted(name)} = CASE WHEN {_named(before, identifiers)} THEN {after} ELSE {quoted(name)} END"


def _forget_in_bookkeeping(
    cursor: duckdb.DuckDBPyConnection, target: Target, tables: Iterable[StoredTable], identifiers: Identifiers
) -> Iterator[Removed]:
    place = target.meta.split(".")[1]
    key, value = _named("to_json(key)", identifiers), _named("value", identifiers)
    paths = ", ".join(sql_string(f"$.{name}") for name in sorted(SUBJECTS))
    subjects = f"to_json(json_extract(coalesce(new_value, old_value), [{paths}]))"
    about = f"(column_name IS NULL AND {_named(subjects, identifiers)})"
    cursor.execute(f"INSERT INTO {_ABOUT} SELECT entity, key FROM {target.meta}.changes WHERE {about}")
    for table in tables:
        if key_text := _key_text(table):  # rows that were about the person, and now are about others
            left = f"SELECT {key_text} FROM {table.sql}"
            cursor.execute(f"DELETE FROM {_ABOUT} WHERE entity = {sql_string(table.name)} AND key IN ({left})")
    gone = f"(entity, key) IN (FROM {_ABOUT})"
    conditions = {
        "changes": f"{key} OR {gone} OR {about}",
        "rejects": f"{key} OR {gone} OR {value}",
        "refused_parents": key,
    }
    for name, condition in conditions.items():
        yield Removed(f"{place}.{name}", written(cursor, f"DELETE FROM {target.meta}.{name} WHERE {condition}"), "row")
    for name in ("old_value", "new_value"):
        # A whole row stays a row; the value of an attribute may be an object that is the person's.
        text, is_row = f"{name}::VARCHAR", "column_name IS NULL OR column_name = '_extra'"
        after = f"CASE WHEN {is_row} THEN {_ROW_WITHOUT}({text}) ELSE nullif({_WITHOUT}({text}), 'null') END"
        statement = f"UPDATE {target.meta}.changes SET {name} = ({after})::JSON WHERE {_named(name, identifiers)}"
        yield Removed(f"{place}.changes", written(cursor, statement), "value")
    for name, column in (("loads", "reason"), ("refused_parents", "message")):  # Graph's messages name objects
        named = _named(f"to_json({column})", identifiers)
        statement = f"UPDATE {target.meta}.{name} SET {_assignment(column, STRING, identifiers)} WHERE {named}"
        yield Removed(f"{place}.{name}", written(cursor, statement), "value")
