"""Tables as pandas DataFrames: `aad_assets.read`."""

import os
from datetime import date, datetime
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from aad_assets.catalog.types import quoted
from aad_assets.errors import ConfigurationError
from aad_assets.settings import Settings, redact_database, resolve_database
from aad_assets.warehouse.reading.moments import outside_history, set_as_of, since_run
from aad_assets.warehouse.reading.reader import moment, reading
from aad_assets.warehouse.reading.recorded import check_since

_INTEGERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"}


def read(
    table: str,
    *,
    at: str | date | datetime | None = None,
    changes_since: str | date | datetime | None = None,
    database: str | None = None,
    connection_name: str | None = None,
) -> pd.DataFrame:
    """Return the current rows of a table or view, its rows as of a moment, or a table's changes since a moment.

    A moment while a run was publishing means the one before the run. `at` and `changes_since` are `2026-11-01`,
    `2026-11-01T12:00+01:00`, `yesterday`, `7d`, or a date or datetime. They are UTC if they have no offset. `database` and
    `connection_name` default to the settings in the environment, where a serving copy comes before the database. In the
    DataFrame, integers and booleans are nullable, times are UTC, and lists and structs are Python's own. Raises
    ConfigurationError when the table or connection does not exist or the moment is not recorded, and WarehouseError when the
    database cannot be read.
    """
    if at is not None and changes_since is not None:
        raise ConfigurationError("`at` and `changes_since` cannot be combined. Leave one of them out.")
    if database and connection_name:  # What is wrong with the other settings does not matter.
        settings, _ = Settings.read(os.environ)
    else:
        settings = Settings.from_environment(os.environ)
    name = connection_name or settings.connection_name
    path = resolve_database(database) if database else settings.serving_copy or settings.database
    parameters: dict[str, Any]
    if changes_since is not None:
        sought = f"There are no loads of {name!r}"
        statement = f"""FROM {quoted(f"{name}_meta")}.changes WHERE entity = $table AND changed_at >= $since
            ORDER BY changed_at, key, column_name"""
        parameters = {"table": table, "since": moment(changes_since)}
    elif at is not None:
        sought = f"There is no table {table!r} as of a moment"
        statement, parameters = f"FROM {quoted(f'{name}_at')}.{quoted(table)}", {}
    else:
        sought = f"There is no table {table!r}"
        statement, parameters = f"FROM {quoted(name)}.{quoted(table)}", {}
    bookkeeping_of = name if changes_since is not None else None
    with reading(path, bookkeeping_of=bookkeeping_of, lock_wait=settings.lock_wait) as connection:
        try:
            if changes_since is not None:
                check_since(connection, name, parameters["since"], table)
                parameters["since"] = since_run(connection, name, parameters["since"])
            elif at is not None:
                set_as_of(connection, moment(at))
            return _frame(connection.execute(statement, parameters))
        except duckdb.InvalidInputException as error:
            raise outside_history(error) from None
        except duckdb.CatalogException:
            raise ConfigurationError(f"{sought} in {redact_database(path)}. Check its name, or reload it first.") from None


def _frame(result: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    types = {name: str(type_) for name, type_, *_ in result.description or ()}
    values = result.fetchnumpy()
    return pd.DataFrame({name: _series(values[name], type_) for name, type_ in types.items()})


def _series(values: Any, type_: str) -> pd.Series:
    mask = np.ma.getmaskarray(values)
    data = np.ma.getdata(values)
    if type_ in _INTEGERS:
        return pd.Series(pd.arrays.IntegerArray(data, mask))
    if type_ == "BOOLEAN":
        return pd.Series(pd.arrays.BooleanArray(data.astype(bool), mask))
    if type_.startswith("TIMESTAMP") or type_ == "DATE":
        series = pd.Series(data).mask(mask)
        return series.dt.tz_localize("UTC") if type_ == "TIMESTAMP WITH TIME ZONE" else series
    if type_ in ("DOUBLE", "FLOAT"):
        return pd.Series(pd.arrays.FloatingArray(data, mask))
    plain = [None if missing else _plain(value) for value, missing in zip(data, mask, strict=True)]
    return pd.Series(plain, dtype="str" if type_ in ("VARCHAR", "JSON") else "object")


def _plain(value: Any) -> Any:
    """Return a list or struct without numpy types in it."""
    if isinstance(value, np.ndarray):
        mask = np.ma.getmaskarray(value)
        return [None if missing else _plain(item) for item, missing in zip(np.ma.getdata(value), mask, strict=True)]
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, np.datetime64):
        return None if np.isnat(value) else pd.Timestamp(value, tz="UTC")
    return value.item() if isinstance(value, np.generic) else value
