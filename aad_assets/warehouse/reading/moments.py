"""The session variable `as_of`, from which the views of the schema `<connection>_at` take their moment."""

import re
from datetime import UTC, datetime, timedelta

import duckdb

from aad_assets.catalog.types import quoted
from aad_assets.errors import ConfigurationError
from aad_assets.warehouse.database.sql import utc_datetime

_PREFIX = re.compile(r"^Invalid Input Error: ")


def set_as_of(connection: duckdb.DuckDBPyConnection, at: datetime | None) -> None:
    """Set the moment of the session, or reset it."""
    moment = at and f"TIMESTAMPTZ '{at.astimezone(UTC).isoformat(sep=' ')}'"
    connection.execute(f"SET VARIABLE as_of = {moment}" if moment else "RESET VARIABLE as_of")


def outside_history(error: duckdb.InvalidInputException) -> ConfigurationError:
    """Return the error of a view about its moment as one of ours."""
    return ConfigurationError(_PREFIX.sub("", str(error)).splitlines()[0])


def since_run(connection: duckdb.DuckDBPyConnection, connection_name: str, since: datetime) -> datetime:
    """Return `since`, or the first instant of the run that was publishing then, so that all of its changes are later.

    A database that no release with the schema `<connection>_at` has written does not know its runs.
    """
    set_as_of(connection, since)
    try:
        meta = quoted(f"{connection_name}_meta")
        moment, snapped = connection.execute(f"SELECT epoch_us(moment), moment < asked FROM {meta}.as_of").fetchall()[0]
    except duckdb.CatalogException:
        return since
    finally:
        set_as_of(connection, None)
    found = utc_datetime(moment)
    return found + timedelta(microseconds=1) if found and snapped else since
