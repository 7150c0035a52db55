"""The SQL function that writes JSON in one form, so that values which mean the same compare equal.

DuckDB sorts lists of declared types itself, but does not look inside a JSON value. Members and items come in one order, and
numbers and times in one spelling. The function is called only for rows that differ, which are few.
"""

import json
from json.encoder import encode_basestring
from typing import Any

import duckdb

from aad_assets.warehouse.database.exact_values import instant_spelling, number_spelling

FUNCTION = "sorted_json"

_LITERALS = {None: "null", True: "true", False: "false"}
_SHORTEST_INSTANT = len("2026-01-01T00:00:00Z")


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Register the function for `connection` and its cursors."""
    connection.create_function(FUNCTION, sorted_json, ["VARCHAR"], "VARCHAR")


def sorted_json(text: str) -> str:
    """Return the same text for values that mean the same, which need not be JSON.

    Return JSON unchanged if it is nested too deeply.
    """
    try:
        return _written(_decode(text))
    except (ValueError, RecursionError):
        return text


class _Number(str):
    """A number in its one spelling."""

    __slots__ = ()


def _number(text: str) -> _Number:
    return _Number(number_spelling(text))


_decode = json.JSONDecoder(parse_float=_number, parse_int=_number, parse_constant=_number).decode


def _written(value: Any) -> str:
    match value:
        case _Number():
            return value
        case str():
            return _written_text(value)
        case dict():
            members = sorted([f"{encode_basestring(name)}:{_written(member)}" for name, member in value.items()])
            return f"{{{','.join(members)}}}"
        case list():
            return f"[{','.join(sorted(map(_written, value)))}]"
        case _:
            return _LITERALS[value]


def _written_text(text: str) -> str:
    # Digits are where they must be in a time; most strings are none.
    if len(text) >= _SHORTEST_INSTANT and text[4] == "-" and (instant := instant_spelling(text)) is not None:
        return f"@{instant}"  # no JSON value looks like this
    return encode_basestring(text)
