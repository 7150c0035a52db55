"""Measure compare and publish, with history and changes on, in units of the time to write the same rows once.

    python -m benchmarks.compare [--users 1000000]

Another process makes up rows with 57 of the users' columns and stages them as Parquet. This one writes them once with DuckDB
alone, and then publishes them: from nothing, unchanged, and with 1 % changed, 0.5 % inserted and 0.5 % deleted. Only ratios
of one run mean anything, because disks and processors differ.
"""

import argparse
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from aad_assets.catalog import CATALOG
from aad_assets.catalog.types import Json, List, Scalar, Struct, Type, quoted
from aad_assets.warehouse.database.sql import memory, sql_string
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.publishing.loads import Load
from aad_assets.warehouse.publishing.publish import publish
from aad_assets.warehouse.staging.entity_stage import Staged
from aad_assets.warehouse.staging.stage import Stage

_COLUMNS = 57
_CHUNK = 100_000

_USERS = CATALOG["users"]
USERS = replace(_USERS, omit=_USERS.omit | {column.source for column in _USERS.columns[_COLUMNS:]})


def value(name: str, type_: Type, salt: int) -> str:
    """A SQL expression of `i`: another value for most rows, an empty one for some."""
    hashed = f"hash(i, {salt})"
    match type_:
        case Scalar("Boolean"):
            return f"{hashed} % 2 = 0"
        case Scalar("Int32" | "Int64"):
            return f"({hashed} % 1000)::INTEGER"
        case Scalar("DateTimeOffset"):
            return f"TIMESTAMPTZ '2020-01-01' + to_seconds(({hashed} % 100000000)::BIGINT)"
        case Scalar():
            return f"CASE WHEN {hashed} % 3 > 0 THEN '{name[:8]} ' || ({hashed} % {5 if salt % 3 else 20_000}) END"
        case List(item):
            items = [value(name, item, salt * 7 + number) for number in (1, 2)]
            return f"CASE {hashed} % 3 WHEN 0 THEN [] WHEN 1 THEN [{items[0]}] ELSE [{', '.join(items)}] END"
        case Struct(fields):
            members = (f"{quoted(field)} := {value(field, of, salt * 11 + n)}" for n, (field, of) in enumerate(fields, 1))
            return f"struct_pack({', '.join(members)})"
        case Json():
            return "NULL"


def stage(folder: str, users: int, *, changed: bool) -> None:
    """Write the staged chunks. A changed user has another display name; deleted ones are replaced by as many new ones."""
    kept = f"i % 200 <> 7 OR i >= {users}" if changed else "true"
    last = users + users // 200 if changed else users
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
        columns = []
        for salt, column in enumerate(USERS.columns, 1):
            made = value(column.name, column.type, salt)
            if column.name == "id":
                made = "md5('user ' || i)::UUID::VARCHAR"
            elif column.name == "displayName" and changed:
                made = f"CASE WHEN i % 100 = 3 THEN 'Changed ' || i ELSE {made} END"
            columns.append(f"({made})::{column.duckdb_type} AS {quoted(column.name)}")
        for first in range(0, last, _CHUNK):
            path = Path(folder) / f"{first:09}.parquet"
            numbers = f"range({first}, {min(first + _CHUNK, last)}) t(i)"
            connection.execute(
                f"COPY (SELECT {', '.join(columns)}, NULL::JSON AS _extra FROM {numbers} WHERE {kept}) "
                f"TO {sql_string(str(path))} (FORMAT parquet)"
            )


def staged(run: Stage, folder: Path, name: str) -> Staged:
    """The chunks as the stage hands them over."""
    with run.cursor() as cursor:
        columns = ", ".join(
            f"{quoted(column.name)}::{column.duckdb_type} AS {quoted(column.name)}" for column in USERS.columns
        )
        files = sql_string(str(folder / "*.parquet"))
        cursor.execute(f"CREATE VIEW {memory(name)} AS SELECT {columns}, _extra::JSON AS _extra FROM read_parquet({files})")
        row = cursor.execute(f"SELECT count(*) FROM {memory(name)}").fetchone()
    return Staged(memory(name), row[0] if row else 0, 0)


def write_once(run: Stage, database: Path, relation: str) -> None:
    """Write the same rows once with DuckDB alone."""
    with run.cursor() as cursor:
        cursor.execute(f"ATTACH {sql_string(str(database))} AS once")
        cursor.execute(f"CREATE TABLE once.users AS FROM {relation}")
        cursor.execute("CHECKPOINT once")
        cursor.execute("DETACH once")


def load(run: Stage, target: Target, rows: Staged, number: int) -> Load:
    """Publish as a run would."""
    new = Load(load_id=str(number), entity="users", tenant_id="tenant", run_id="", started_at=datetime.now(UTC))
    with run.cursor() as cursor:
        publish(cursor, target, USERS, rows, new)
    return new


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=1_000_000)
    users = parser.parse_args(arguments).users
    with tempfile.TemporaryDirectory(prefix="aad-bench-") as name:
        folder = Path(name)
        for label in ("before", "after"):
            (folder / label).mkdir()
            process = multiprocessing.get_context("spawn").Process(
                target=stage, args=(str(folder / label), users), kwargs={"changed": label == "after"}
            )
            process.start()
            process.join()
        with closing(Stage(folder)) as run:
            before, after = (staged(run, folder / label, label) for label in ("before", "after"))
            began = time.monotonic()
            write_once(run, folder / "once.duckdb", before.relation)
            once = time.monotonic() - began
            print(f"{users:,} users, {len(USERS.columns)} columns, duckdb {duckdb.__version__}")
            print(f"{'':<16}{'s':>8}{'ratio':>8}{'file MB':>9}{'peak MB':>9}")
            _print("written once", once, once, folder / "once.duckdb")
            database = folder / "entra.duckdb"
            target = Target(str(database), "aad")
            for number, (label, rows) in enumerate([("from nothing", before), ("unchanged", before), ("changed", after)]):
                began = time.monotonic()
                done = load(run, target, rows, number)
                taken = time.monotonic() - began
                _print(label, taken, once, database, f"{done.inserted:,} / {done.updated:,} / {done.deleted:,}")
    return 0


def _print(label: str, taken: float, once: float, database: Path, counts: str = "") -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(
        f"{label:<16}{taken:>8.1f}{taken / once:>8.2f}{database.stat().st_size / 1e6:>9.1f}{peak:>9.0f}   {counts}",
        flush=True,
    )


if __name__ == "__main__":
    raise SystemExit(main())
