"""JSON in one form for all orders of its collections and members, as a function of SQL.

DuckDB sorts lists of declared types by itself; what is in a JSON value it does not see. Called for rows that differ, which
are few. Not here: what is compared (`compare.py`).
"""

import json
from typing import Any

import duckdb

FUNCTION = "canonical_json"


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the function known to `connection` and its cursors."""
    connection.create_function(FUNCTION, canonical, ["VARCHAR"], "VARCHAR")


def canonical(text: str) -> str:
    """The same text for values that mean the same; as it is when it is too deep to say."""
    try:
        return _written(_ordered(json.loads(text)))
    except (ValueError, RecursionError):
        return text


def _ordered(value: Any) -> Any:
    if isinstance(value, list):
        return sorted(map(_ordered, value), key=_written)
    if isinstance(value, dict):
        return {name: _ordered(member) for name, member in value.items()}
    return value


def _written(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
