"""Runs a table's query over a few rows. It contains no tests."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from aad_assets.catalog import CATALOG, ENTITIES
from aad_assets.catalog.types import quoted

Tables = Mapping[str, Sequence[Mapping[str, Any]]]

ANNA = {"id": "u-anna", "displayName": "Anna", "userPrincipalName": "anna@contoso.com", "accountEnabled": True}
BOB = {"id": "u-bob", "displayName": "Bob", "userPrincipalName": "bob@contoso.com", "accountEnabled": False}
ADMINS = {"id": "g-admins", "displayName": "Admins", "isAssignableToRole": True}


def ago(days: float) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).isoformat()


class Queries:
    """A database with every table of the catalogue, empty between two answers."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
        self._connection = connection
        self._file = folder / "rows.json"
        connection.execute("CREATE SCHEMA aad")
        for entity in ENTITIES:
            columns = ", ".join(f"{quoted(column.name)} {column.duckdb_type}" for column in entity.columns)
            connection.execute(f"CREATE TABLE aad.{entity.table} ({columns}, _extra JSON)")

    def answer(self, table: str, tables: Tables) -> list[tuple[Any, ...]]:
        """Return the rows of the query of `table`. Tables that are not given are empty."""
        self._connection.execute("BEGIN")
        try:
            for name, rows in tables.items():
                self._fill(name, rows)
            return self._connection.execute(CATALOG[table].query).fetchall()
        finally:
            self._connection.execute("ROLLBACK")

    def _fill(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        types = {column.name: column.duckdb_type for column in CATALOG[table].columns}
        assert {name for row in rows for name in row} <= set(types)
        self._file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
        self._connection.execute(
            f"INSERT INTO aad.{table} BY NAME FROM read_json(?, format = 'newline_delimited', columns = {types})",
            [str(self._file)],
        )
