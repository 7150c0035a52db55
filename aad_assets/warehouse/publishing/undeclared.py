"""Values in `_extra` that belong to columns and fields which are declared now: typed, and moved into these.

Rows that Graph returned again are filled from the read. The other rows of a table, and versions that have ended, have nothing
but their own `_extra`. A value that does not match its type stays there. See also `schema_migrator.py`.
"""

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
from duckdb.func import FunctionNullHandling

from aad_assets.catalog import Column
from aad_assets.catalog.columns import ODATA_TYPE, ODATA_TYPE_PREFIX
from aad_assets.catalog.extensions import is_extension
from aad_assets.catalog.types import List, Struct, Type, duckdb_type, quoted
from aad_assets.warehouse.database.sql import sql_string
from aad_assets.warehouse.publishing.compare import comparable
from aad_assets.warehouse.publishing.type_changes import as_stored, convert, fields_by_name
from aad_assets.warehouse.staging.coercion import NOTHING, Coercion, loads

_FUNCTION = "moved_from_extra"


@dataclass(frozen=True)
class Gain:
    """A column with more fields than its table has. `part` is the type of what is new; `stored` is None for a new column."""

    column: Column
    part: Type
    stored: Type | None

    @property
    def moved(self) -> str:
        """SQL for the value that `_extra` had, of type `part`; NULL if it had none."""
        return f"t._moved_values.{quoted(self.column.name)}"

    def overlaid(self, value: str, type_: Type) -> str:
        """Return SQL for `value`, which has the type `type_`, with what `_extra` had."""
        return _overlaid(value, type_, self.moved, self.part, self.stored)

    def agrees(self, read: str) -> str:
        """Return SQL that is true unless `_extra` had another value than `read`, a value of the column."""
        return _agrees(self.moved, self.part, read, as_stored(self.column.type), self.stored)


def gains(columns: Sequence[Column], stored: Mapping[str, Type]) -> list[Gain]:
    """Find what `columns` have more than the stored types, which are by lower-case name."""
    found = []
    for column in columns:
        before = stored.get(column.name.lower())
        if (part := _gained(before, as_stored(column.type))) is not None:
            found.append(Gain(column, part, before))
    return found


def _gained(stored: Type | None, declared: Type) -> Type | None:
    """Return the parts of the declared type that the stored type lacks; None if it lacks none."""
    if stored is None:
        return declared
    match stored, declared:
        case List(old), List(new):
            item = _gained(old, new)
            return None if item is None else List(item)
        case Struct(), Struct(fields):
            before = fields_by_name(stored)
            parts = [
                (name, _gained(before[name.lower()][1] if name.lower() in before else None, type_)) for name, type_ in fields
            ]
            lacking = tuple((name, part) for name, part in parts if part is not None)
            return Struct(lacking) if lacking else None
        case _:
            return None


@contextlib.contextmanager
def moving(cursor: duckdb.DuckDBPyConnection, table: str, found: Sequence[Gain]) -> Iterator[str]:
    """Yield SQL for the rows of `table` with two more columns.

    `_moved` is NULL if nothing leaves `_extra`, otherwise an object whose `left` is what stays there. `_moved_values` is a
    struct of what moved, by column.
    """
    if not found:
        yield f"(SELECT *, NULL::JSON AS _moved FROM {table})"
        return
    sources = {gain.column.source: gain for gain in found}
    structure = json.dumps({gain.column.name: json_structure(gain.part) for gain in found})
    sought = " OR ".join(map(_sought, sources))
    matching = " AND ".join(["true", *(each for gain in found for each in _list_lengths(gain))])
    _finish(cursor)
    cursor.create_function(
        _FUNCTION,
        lambda text: _moved(text, sources),
        ["VARCHAR"],
        "JSON",
        null_handling=FunctionNullHandling.SPECIAL,  # otherwise it must not return NULL
    )
    try:
        yield (
            f"(SELECT *, json_transform(_moved->'moved', {sql_string(structure)}) AS _moved_values FROM (SELECT *, "
            f"CASE WHEN ({sought}) AND {matching} THEN {_FUNCTION}(_extra) END AS _moved FROM {table}))"
        )
    finally:
        with contextlib.suppress(duckdb.Error):  # after an error, the transaction has removed it
            _finish(cursor)
            cursor.remove_function(_FUNCTION)


def _finish(cursor: duckdb.DuckDBPyConnection) -> None:
    """Finish the cursor's last result. While one is unread, DuckDB 2 adds and removes no functions."""
    cursor.execute("SELECT 1").fetchall()


EXTRA = "CASE WHEN t._moved IS NOT NULL THEN t._moved->'left' ELSE t._extra END"
"""SQL for `_extra` without what moved."""


def _sought(source: str) -> str:
    """Return SQL that is true if `_extra` may have the member. It is much faster than calling Python."""
    extra = "lower(_extra::VARCHAR)" if is_extension(source) else "_extra::VARCHAR"
    return f"contains({extra}, {sql_string(json.dumps(source.lower() if is_extension(source) else source))})"


def _list_lengths(gain: Gain) -> Iterator[str]:
    """Yield conditions that a list in `_extra`, which has a null for each item without a rest, is as long as the stored."""

    def within(value: str, path: str, stored: Type | None, part: Type) -> Iterator[str]:
        match stored, part:
            case List(), List():
                length = f"json_array_length(_extra, {sql_string(path)})"
                yield f"coalesce({length} IN (0, len({value})), true)"
            case Struct(), Struct(fields):
                before = fields_by_name(stored)
                for name, field in fields:
                    if name.lower() in before:
                        inner = f"{path}.{json.dumps(name)}"
                        yield from within(f"({value}).{quoted(name)}", inner, before[name.lower()][1], field)
            case _:
                return

    yield from within(quoted(gain.column.name), f"$.{json.dumps(gain.column.source)}", gain.stored, gain.part)


def json_structure(type_: Type) -> Any:
    """Return the type as json_transform takes it."""
    match type_:
        case List(item):
            return [json_structure(item)]
        case Struct(fields):
            return {name: json_structure(field) for name, field in fields}
        case _:
            return duckdb_type(type_)


class _Moving(Coercion):
    """A coercion that leaves a value where it is if it does not match its type."""

    def misfit(self, value: Any, where: str) -> Any:  # noqa: ARG002
        return value


def _moved(text: str | None, sources: Mapping[str, Gain]) -> str | None:
    """Split the text of `_extra` into `moved`, by column, and what is `left`; return None if nothing moves."""
    if text is None:  # DuckDB may call a function for rows that the condition around it excludes
        return None
    members: dict[str, Any] = loads(text)
    in_any_case = {source.lower(): source for source in sources if is_extension(source)}
    moved: dict[str, Any] = {}
    left: dict[str, Any] = {}
    for name, value in members.items():
        declared = name if name in sources else in_any_case.get(name.lower(), name)
        gain = sources.get(declared)
        if gain is None or (declared != name and declared in members) or gain.column.name in moved:
            left[name] = value
            continue
        fitted, rest = _Moving("").fit(value, gain.part, name)
        moved[gain.column.name] = fitted.removeprefix(ODATA_TYPE_PREFIX) if name == ODATA_TYPE and fitted else fitted
        if rest is not NOTHING:
            left[name] = rest
    if left == members:
        return None
    return json.dumps({"moved": moved} | ({"left": left} if left else {}), sort_keys=True)


def _overlaid(value: str, type_: Type, moved: str, part: Type, stored: Type | None, depth: int = 0) -> str:
    match type_, part, stored:
        case List(item), List(part_item), List(stored_item):
            one, number = f"o{depth}", f"n{depth}"
            inner = _overlaid(one, item, f"({moved})[{number}]", part_item, stored_item, depth + 1)
            overlaid = f"list_transform({value}, lambda {one}, {number}: {inner})"
        case Struct(fields), Struct(), Struct():
            gained, before = fields_by_name(part), fields_by_name(stored)

            def member(name: str, field: Type) -> str:
                key, old = name.lower(), f"({value}).{quoted(name)}"
                if key not in gained:
                    return old
                known = before[key][1] if key in before else None
                return _overlaid(old, field, f"({moved}).{quoted(name)}", gained[key][1], known, depth)

            members = ", ".join(f"{quoted(name)} := {member(name, field)}" for name, field in fields)
            overlaid = f"struct_pack({members})"
        case _:
            return f"coalesce({convert(moved, part, type_)}, {value})"
    return f"CASE WHEN {moved} IS NULL THEN {value} ELSE {overlaid} END"


def _agrees(moved: str, part: Type, read: str, declared: Type, stored: Type | None) -> str:
    """Return SQL that is true unless both have values that differ. Lists that gain fields are taken to agree."""
    match stored, part, declared:
        case List(), List(), List():
            return "true"
        case Struct(), Struct(fields), Struct():
            before, now = fields_by_name(stored), fields_by_name(declared)
            conditions = [
                _agrees(
                    f"({moved}).{quoted(name)}",
                    field,
                    f"({read}).{quoted(name)}",
                    now[name.lower()][1],
                    before[name.lower()][1] if name.lower() in before else None,
                )
                for name, field in fields
            ]
            return f"({' AND '.join(conditions)})"
        case _:
            return f"({moved} IS NULL OR {comparable(moved, part)} IS NOT DISTINCT FROM {comparable(read, part)})"
