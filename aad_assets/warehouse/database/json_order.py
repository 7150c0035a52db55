"""The SQL function that writes JSON in one order, so that values which mean the same compare equal.

DuckDB sorts lists of declared types itself, but does not look inside a JSON value. The function is called only for rows that
differ, which are few.
"""

import json
from typing import Any

import duckdb

FUNCTION = "sorted_json"


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Register the function for `connection` and its cursors."""
    connection.create_function(FUNCTION, sorted_json, ["VARCHAR"], "VARCHAR")


def sorted_json(text: str) -> str:
    """Return the same text for values that mean the same. Return JSON unchanged if it is nested too deeply."""
    try:
        return _written(_sorted(json.loads(text)))
    except (ValueError, RecursionError):
        return text


def _sorted(value: Any) -> Any:
    if isinstance(value, list):
        return sorted(map(_sorted, value), key=_written)
    if isinstance(value, dict):
        return {name: _sorted(member) for name, member in value.items()}
    return value


def _written(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
