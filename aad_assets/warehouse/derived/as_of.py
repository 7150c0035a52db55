"""SQL builders for the schema `<connection>_at`: each table and view under its own name, as of the session variable `as_of`.

A view, unlike a macro, reads the database that it is in, under whatever alias. Without `as_of` it reads the table itself.
Otherwise it reads the history at `<connection>_meta.as_of.moment`, the last moment at which no run was publishing. It
raises an error for a moment that is not recorded, also if no row is asked for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aad_assets.catalog.types import quoted
from aad_assets.warehouse.database.sql import sql_string

UNSET = "getvariable('as_of') IS NULL"
_DAY = 86_400_000_000
"""Microseconds."""


@dataclass(frozen=True)
class Past:
    """A stored table, and how its past is known. Types are DuckDB's, by the column's name in lower case."""

    table: str
    current: Mapping[str, str]
    """The columns of the table."""
    history: Mapping[str, str] | None = None
    """The columns of its history; None if it never had one."""
    time: str | None = None
    """Of a log, the column with the time of the event."""
    keeps_deleted: bool = False
    """The table has deleted rows."""


def select_as_of(schema: str, past: Past, columns: Sequence[tuple[str, str]], checked: Sequence[str] = ()) -> str:
    """Return a query for `columns`, as name and type, of the table at `as_of`.

    `schema` is that of the connection. A column that is not stored is NULL. The error is that of the table in `checked`, by
    default of the table itself, whose history begins last.
    """
    table, live = f"{quoted(schema)}.{quoted(past.table)}", " AND _deleted_at IS NULL" if past.keeps_deleted else ""
    values = _values(columns, past.current)
    if past.time and past.time.lower() in past.current:  # otherwise it is turned off
        seen = f"coalesce({quoted(past.time)} <= {_log_moment(schema, past.table, past.time)}, false)"
        return f"SELECT {values} FROM {table} WHERE {UNSET} OR {seen}"
    if past.time or past.history is None:
        return f"SELECT {values} FROM {table} WHERE {_no_past(schema, past.table)}{live}"
    moment = _moment(schema, checked or [past.table])
    return (
        f"SELECT {values} FROM {table} WHERE {UNSET}{live} UNION ALL "
        f"SELECT {_values(columns, past.history)} FROM {quoted(f'{schema}_history')}.{quoted(past.table)} "
        f"WHERE NOT {UNSET} AND _valid_from <= {moment} AND coalesce(_valid_to > {moment}, true)"
    )


def _values(columns: Sequence[tuple[str, str]], stored: Mapping[str, str]) -> str:
    values = []
    for name, type_ in columns:
        match stored.get(name.lower()):
            case None:
                values.append(f"NULL::{type_} AS {quoted(name)}")
            case found if found != type_:  # a history that was turned off before the table changed
                values.append(f"{quoted(name)}::{type_} AS {quoted(name)}")
            case _:
                values.append(quoted(name))
    return ", ".join(values)


def _moment(schema: str, tables: Sequence[str]) -> str:
    """Return SQL for the moment; of the tables that do not cover it, the error is that of the one that begins last."""
    meta = quoted(f"{schema}_meta")
    names = ", ".join(map(sql_string, tables))
    return (
        f"(SELECT CASE WHEN count(u.problem) = 0 THEN any_value(a.moment) ELSE error(arg_max(u.problem, u.since)) END "
        f"FROM {meta}.as_of a LEFT JOIN {meta}.unrecorded u ON u.entity IN ({names}))"
    )


def _log_moment(schema: str, table: str, time: str) -> str:
    """Return SQL for the moment up to which a log shows events. It begins with the day of the first one."""
    meta, name = quoted(f"{schema}_meta"), sql_string(table)
    first_event = f"SELECT epoch_us(min({quoted(time)})) // {_DAY} * {_DAY} FROM {quoted(schema)}.{quoted(table)}"
    first_day = f"SELECT epoch_us(min(day)::TIMESTAMP) FROM {meta}.log_days WHERE entity = {name}"
    first = f"coalesce(({first_event}), ({first_day}))"
    start = f"strftime(make_timestamp({first}), '%Y-%m-%d')"
    problem = f"{sql_string(f'{table} has events only from ')} || {start} || ' on. Choose a moment in that time.'"
    return f"(SELECT CASE WHEN epoch_us(asked) < {first} THEN error({problem}) ELSE asked END FROM {meta}.as_of)"


def _no_past(schema: str, table: str) -> str:
    meta, problem = (
        quoted(f"{schema}_meta"),
        sql_string(
            f"{table} has no history and is known only as it is now. Run RESET VARIABLE as_of to read it, or set "
            "`history: on` for it in the connection metadata."
        ),
    )
    return f"(SELECT CASE WHEN asked IS NULL THEN true ELSE error({problem}) END FROM {meta}.as_of)"
