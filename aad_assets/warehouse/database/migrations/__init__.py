"""Ordered migrations of the bookkeeping schema `<connection>_meta`.

A migration is a file `NNN_name.sql` in this folder, numbered without gaps. `{meta}` stands for the schema with its database,
`{schema}` for it alone, as a view must name it, because it is read under other aliases, and `{name}` for the connection.
`_PYTHON` has the steps that need Python. Each release takes over the databases of every earlier release. A released migration
never changes; add another one instead.
"""

from dataclasses import dataclass
from importlib import resources

import duckdb

from aad_assets.catalog.types import quoted
from aad_assets.errors import WarehouseError
from aad_assets.warehouse.database.coverage import record_all
from aad_assets.warehouse.database.stored_values import clean_stored_values


@dataclass(frozen=True)
class Migration:
    """One step of the bookkeeping schema: the version that it leads to, and its statements."""

    version: int
    script: str


def _migrations() -> tuple[Migration, ...]:
    files = [file for file in resources.files(__package__).iterdir() if file.name.endswith(".sql")]
    found = (Migration(int(file.name.split("_")[0]), file.read_text("utf-8")) for file in files)
    return tuple(sorted(found, key=lambda migration: migration.version))


MIGRATIONS = _migrations()
LATEST = MIGRATIONS[-1].version
_PYTHON = {2: clean_stored_values, 5: record_all}
"""Work that follows the statements of a migration."""


def stored_version(cursor: duckdb.DuckDBPyConnection, alias: str, schema: str) -> int:
    """Return the version of the bookkeeping tables in `schema` of the database attached as `alias`; 0 if they have none."""
    exists = cursor.execute(
        "SELECT 1 FROM duckdb_tables() WHERE database_name = ? AND schema_name = ? AND table_name = 'version'",
        [alias, schema],
    ).fetchone()
    row = cursor.execute(f"SELECT max(version) FROM {alias}.{quoted(schema)}.version").fetchone() if exists else None
    return int(row[0] or 0) if row else 0


def check_version(version: int, database: str) -> None:
    """Raise WarehouseError when `version` is newer than this release supports. `database` names the file in the message."""
    if version > LATEST:
        raise WarehouseError(
            f"The database {database} (AAD_DATABASE) was written by a newer release: its bookkeeping has version {version}, "
            f"and this release supports version {LATEST} and older. Nothing was changed. Upgrade aad_assets, or set "
            "AAD_DATABASE to another file."
        )


def migrate(cursor: duckdb.DuckDBPyConnection, schemas: tuple[str, ...], meta: str, database: str) -> None:
    """Create or upgrade the bookkeeping in the open transaction, and create the `schemas` that are missing.

    Raises WarehouseError, before any change, when the database is newer than this release. `cursor` is one of
    the stage, which has the functions that migrations call.
    """
    version = stored_version(cursor, *meta.split("."))
    check_version(version, database)
    for schema in schemas:
        cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    if version == LATEST:
        return
    cursor.execute(f"CREATE TABLE IF NOT EXISTS {meta}.version (version INTEGER, migrated_at TIMESTAMPTZ)")
    for migration in MIGRATIONS[version:]:
        schema = meta.split(".")[1]
        cursor.execute(migration.script.format(meta=meta, schema=schema, name=schema.removesuffix("_meta")))
        if migration.version in _PYTHON:
            _PYTHON[migration.version](cursor, schemas)
        cursor.execute(f"INSERT INTO {meta}.version VALUES (?, now())", [migration.version])
