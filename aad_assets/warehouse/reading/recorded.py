"""Checks that a question about the past falls into the time that a database has recorded."""

from datetime import datetime

import duckdb

from aad_assets.catalog.types import quoted
from aad_assets.errors import ConfigurationError
from aad_assets.warehouse.database.coverage import Coverage, read_coverage
from aad_assets.warehouse.database.sql import ALIAS
from aad_assets.wording import counted

_MAX_NAMES = 5


def check_since(connection: duckdb.DuckDBPyConnection, connection_name: str, since: datetime, table: str | None) -> str:
    """Raise ConfigurationError unless the changes of `table`, or of any table, are recorded from `since` on.

    Return a sentence about the tables whose changes are recorded from a later moment on; empty if there are none.
    """
    found = read_coverage(connection, connection_name, table)
    begins = {name: covered.open_since for name, covered in found.items() if covered.open_since}
    if table is not None and table not in begins:
        raise _not_recorded(connection, connection_name, table, found.get(table))
    if not begins:
        raise ConfigurationError(
            "No changes are recorded in this database because no table has been loaded with its history on. Reload first, or "
            "set `history: on` in the connection metadata (AAD_CONNECTION_METADATA)."
        )
    if since < (first := min(begins.values())):
        raise ConfigurationError(
            f"Changes{f' of {table}' if table else ''} are recorded from {first} on. Choose that moment or a later one."
        )
    later = {name: begin for name, begin in sorted(begins.items()) if begin > since}
    if len(later) < 2:
        return "".join(f"Changes of {name} are recorded from {begin} on." for name, begin in later.items())
    names = [*later][:_MAX_NAMES]
    more = f", and {len(later) - len(names):,} more" if len(later) > len(names) else ""
    return (
        f"Changes of {counted(len(later), 'table')} are recorded from a later moment on, at the latest from "
        f"{max(later.values())}: {', '.join(names)}{more}."
    )


def _not_recorded(
    connection: duckdb.DuckDBPyConnection, connection_name: str, table: str, covered: Coverage | None
) -> ConfigurationError:
    bookkeeping = f"{ALIAS}.{quoted(f'{connection_name}_meta')}"
    published = f"FROM {bookkeeping}.loads WHERE entity = ? AND status = 'published' LIMIT 1"
    if not connection.execute(published, [table]).fetchall():
        return ConfigurationError(f"{table} was never loaded into this database, so it has no changes. Reload it first.")
    since = f" It had history only {covered}." if covered else ""
    return ConfigurationError(
        f"No changes of {table} are recorded because its history is off.{since} Set `history: on` for it in the connection "
        "metadata (AAD_CONNECTION_METADATA), and reload it."
    )
