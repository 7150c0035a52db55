"""Compare every table and view as of earlier days with copies of the database from those days: `compare.py FOLDER`.

It needs no more than DuckDB, of any release, so it runs with those that BI tools contain. All files are attached read only,
under names that have nothing to do with the connection's. See also `days.py`, which writes the folder.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

MINIMUM_ROWS = 1_000


def attached(folder: Path, days: list[dict[str, Any]]) -> "duckdb.DuckDBPyConnection":
    """Return a connection with the copies attached as `copy0`, `copy1`, …, and after them the last state as `today`."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    for number in range(len(days)):
        connection.execute(f"ATTACH '{folder / f'day{number}.duckdb'}' AS copy{number} (READ_ONLY)")
    connection.execute(f"ATTACH '{folder / 'now.duckdb'}' AS today (READ_ONLY)")
    return connection


def relations(connection: "duckdb.DuckDBPyConnection") -> list[str]:
    """Return the names of the tables and views of the connection."""
    found = connection.execute(
        "SELECT table_name FROM information_schema.tables WHERE table_catalog = 'today' AND table_schema = 'aad' ORDER BY 1"
    ).fetchall()
    return [name for (name,) in found]


def differences(connection: "duckdb.DuckDBPyConnection", number: int, day: dict[str, Any], name: str) -> tuple[int, int]:
    """Return how many rows differ in either direction between `aad_at` and the copy of that day, and how many there are.

    Of a log, the copy has the events that had happened when the day ended, so that later ones are left out on both sides.
    """
    connection.execute(f"SET VARIABLE as_of = TIMESTAMPTZ '{day['moment']}'")
    columns = [row[0] for row in connection.execute(f'DESCRIBE copy{number}.aad."{name}"').fetchall()]
    kept = ", ".join(f'"{column}"' for column in columns if column not in day["volatile"].get(name, []))
    past, then = (f'SELECT {kept} FROM {schema}."{name}"' for schema in ("today.aad_at", f"copy{number}.aad"))
    if time := day["times"].get(name):
        then += f" WHERE \"{time}\" <= TIMESTAMPTZ '{day['moment']}'"
    both = f"({past} EXCEPT ALL {then}) UNION ALL ({then} EXCEPT ALL {past})"
    ((different, rows),) = connection.execute(f"SELECT count(*), (SELECT count(*) FROM ({then})) FROM ({both})").fetchall()
    return different, rows


def problems(folder: Path) -> Iterator[str]:
    """Yield a line for each table and view that is not as it was."""
    days = json.loads((folder / "days.json").read_text("utf-8"))
    connection, total = attached(folder, days), 0
    for number, day in enumerate(days):
        for name in relations(connection):
            different, rows = differences(connection, number, day, name)
            total += rows
            if different:
                yield f"{name} as of {day['moment']}: {different} of {rows} rows differ"
    if total < MINIMUM_ROWS:
        yield f"only {total} rows were compared"
    yield from unlike_macro(connection, days)


def unlike_macro(connection: "duckdb.DuckDBPyConnection", days: list[dict[str, Any]]) -> Iterator[str]:
    """Yield a line if a moment before the first record is no error, or a flat view cannot be read."""
    connection.execute("SET VARIABLE as_of = TIMESTAMPTZ '2000-01-01'")
    try:
        connection.execute("SELECT count(*) FROM today.aad_at.users").fetchall()
        yield "a moment before the first record is not an error"
    except duckdb.Error as error:
        if "users has history only from" not in str(error):
            yield f"the error is {error}"
    connection.execute(f"SET VARIABLE as_of = TIMESTAMPTZ '{days[0]['moment']}'")
    flat, copy = (f"SELECT count(*) FROM {table}" for table in ("today.aad_flat.users", "copy0.aad.users"))
    if connection.execute(flat).fetchall() != connection.execute(copy).fetchall():
        yield "aad_flat.users has another number of rows"


if __name__ == "__main__":
    found = list(problems(Path(sys.argv[1])))
    print(f"duckdb {duckdb.__version__}:", "\n".join(found) if found else "every table and view is as it was")
    sys.exit(bool(found))
