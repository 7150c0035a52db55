"""Values that say nothing: annotations in JSON, and .NET's date for "no value".

Both are removed from rows on their way in, and once from the tables of databases that an earlier release wrote.
"""

import json
import re
from typing import Any

import duckdb

from aad_assets.catalog.types import Json, List, Scalar, Struct, Type, date_names, quoted

NO_DATE = '"0001-01-01'
"""The beginning in JSON of every spelling of .NET's `DateTimeOffset.MinValue`, which Graph returns for "no value"."""

ANNOTATION = "@odata."
TYPE = "@odata.type"
_MORE = "@odata.nextLink"

_FUNCTION = "cleaned_json"
_FIRST_MOMENT = {"Date": "0001-01-01", "DateTimeOffset": "0001-01-01 00:00:00+00"}
_NO_DATE = re.compile(r"0001-01-01(?:[Tt ]\d\d:\d\d:00(?:\.0*)?(?:[Zz]|[+-]\d\d:?\d\d)?)?")


def is_no_date(text: str) -> bool:
    """Return whether a date or time is 0001-01-01: the day, or a full minute of it.

    It is midnight by the server's clock, and 08:00:00Z in UTC if that is Pacific time
    (https://learn.microsoft.com/graph/how-to-pim-alerts).
    """
    return _NO_DATE.fullmatch(text) is not None


def is_annotation(name: str) -> bool:
    """Return whether a member of a JSON object is an annotation, of the object or of another member, that says nothing.

    An object's type says something, and so does a link to the rest of a collection.
    """
    return ANNOTATION in name and name != TYPE and not name.endswith(_MORE)


def may_need_cleaning(text: str) -> bool:
    """Return whether JSON text may contain what `cleaned` removes. It is much faster than looking."""
    return NO_DATE in text or text.count(ANNOTATION) > text.count(f'"{TYPE}"')


def cleaned(value: Any, name: str = "") -> Any:
    """Return an open value without annotations, and with None for a date that is none.

    Names tell which members are dates: those of the metadata, and those that end in `DateTime`. `name` is that of the value
    itself. A value that is nested too deeply is returned unchanged.
    """
    try:
        return _cleaned(value, _names_date(name))
    except RecursionError:
        return value


def _cleaned(value: Any, is_date: bool) -> Any:
    if isinstance(value, dict):
        return {name: _cleaned(member, _names_date(name)) for name, member in value.items() if not is_annotation(name)}
    if isinstance(value, list):
        return [_cleaned(item, is_date) for item in value]
    return None if is_date and isinstance(value, str) and is_no_date(value) else value


def _names_date(name: str) -> bool:
    return name.endswith("DateTime") or name in date_names()


def cleaned_sql(expression: str, type_: Type, *, dates: bool = False, depth: int = 0) -> str:
    """Return SQL for a value of the type without annotations in JSON, and with NULL for dates that are none if `dates`.

    It is `expression` itself if the type can contain neither. The SQL calls the function that `register` registers, only for
    values with an annotation or such a date.
    """
    match type_:
        case Json():
            sought = [ANNOTATION, *([NO_DATE] if dates else [])]
            condition = " OR ".join(f"contains({expression}, '{text}')" for text in sought)
            return f"CASE WHEN {condition} THEN {_FUNCTION}({expression}) ELSE {expression} END"
        case Scalar("Date" | "DateTimeOffset" as name) if dates:
            return f"nullif({expression}, {'DATE' if name == 'Date' else 'TIMESTAMPTZ'} '{_FIRST_MOMENT[name]}')"
        case List(item):
            inner = f"v{depth}"
            value = cleaned_sql(inner, item, dates=dates, depth=depth + 1)
            return expression if value == inner else f"list_transform({expression}, lambda {inner}: {value})"
        case Struct(fields):
            before = {name: f"({expression}).{quoted(name)}" for name, _ in fields}
            after = {name: cleaned_sql(before[name], field, dates=dates, depth=depth) for name, field in fields}
            if after == before:
                return expression
            members = ", ".join(f"{quoted(name)} := {value}" for name, value in after.items())
            return f"CASE WHEN {expression} IS NOT NULL THEN struct_pack({members}) END"
        case _:
            return expression


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Register the SQL function of `cleaned_sql` for `connection` and its cursors."""
    connection.create_function(_FUNCTION, _cleaned_json, ["VARCHAR"], "JSON")


def _cleaned_json(text: str) -> str:
    if not may_need_cleaning(text):
        return text
    try:
        return json.dumps(cleaned(json.loads(text)), separators=(",", ":"))
    except (ValueError, RecursionError):
        return text
