"""Measure what loads that change every row of a table take in time, memory and disk.

    python -m benchmarks.large_changes [--table users] [--rows 1000000] [--columns 57] [--memory 800MB]

Each load runs in a process of its own, which also imports what a step of Dagster imports. Its peak is the resident memory of
the whole process. The loads, one after the other on the same database: the first without the last fifth of the columns; one
of a release that adds them; one in which every row differs, in a quarter of its columns; and one that replaces every row.
"""

import argparse
import importlib
import multiprocessing
import resource
import tempfile
import time
import zlib
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from aad_assets.catalog import CATALOG, Entity
from aad_assets.catalog.types import quoted
from aad_assets.errors import AadAssetsError
from aad_assets.warehouse.database.sql import memory, sql_string
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.publishing.gates import Gate, Gates
from aad_assets.warehouse.publishing.loads import Load
from aad_assets.warehouse.publishing.options import Options
from aad_assets.warehouse.publishing.publish import publish
from aad_assets.warehouse.staging.entity_stage import Staged
from aad_assets.warehouse.staging.stage import Stage
from benchmarks.compare import value

_CHUNK = 50_000
_LOADS = ("first", "columns added", "all changed", "all replaced")


def cut(entity: Entity, columns: int) -> Entity:
    """Return the entity with its first columns only."""
    return replace(entity, omit=entity.omit | {column.source for column in entity.columns[columns:]})


def write_chunks(folder: str, entity: Entity, rows: int, label: str) -> None:
    """Write the staged chunks of a load."""
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
        columns = []
        for column in entity.columns:
            salt = zlib.crc32(column.name.encode()) % 999
            made = value(column.name, column.type, salt + (1000 if label == "all changed" and salt % 4 == 0 else 0))
            if column.name in entity.key:
                made = f"md5('{label if label == 'all replaced' else ''}{column.name} ' || i)::UUID::VARCHAR"
            elif column.name == "displayName":
                made = f"'{label if label == 'all changed' else 'Name'} ' || i"
            columns.append(f"({made})::{column.duckdb_type} AS {quoted(column.name)}")
        for first in range(0, rows, _CHUNK):
            path = Path(folder) / f"{first:09}.parquet"
            numbers = f"range({first}, {min(first + _CHUNK, rows)}) t(i)"
            connection.execute(
                f"COPY (SELECT {', '.join(columns)}, NULL::JSON AS _extra FROM {numbers}) "
                f"TO {sql_string(str(path))} (FORMAT parquet, ROW_GROUP_SIZE 8192)"
            )


def load(folder: str, staged: str, entity: Entity, number: int, limit: str) -> None:
    """Publish the chunks in `staged` as a run would, and report the counts."""
    importlib.import_module("aad_assets.orchestration.assets")
    began = time.monotonic()
    stage = Path(folder) / f"stage-{number}"
    stage.mkdir()
    new = Load(load_id=str(number), entity=entity.table, tenant_id="tenant", run_id="", started_at=datetime.now(UTC))
    options = replace(Options.of(entity), gates=Gates(open=frozenset(Gate)))
    with closing(Stage(stage, memory_limit=limit)) as run, run.cursor() as cursor:
        columns = ", ".join(f"{quoted(each.name)}::{each.duckdb_type} AS {quoted(each.name)}" for each in entity.columns)
        files = sql_string(f"{staged}/*.parquet")
        cursor.execute(
            f"CREATE VIEW {memory('staged')} AS SELECT {columns}, _extra::JSON AS _extra FROM read_parquet({files})"
        )
        rows = cursor.execute(f"SELECT count(*) FROM {memory('staged')}").fetchall()[0][0]
        sample = f"SELECT avg(strlen(to_json(t)::VARCHAR)) FROM (FROM {memory('staged')} LIMIT 1000) t"
        size = int(rows * cursor.execute(sample).fetchall()[0][0])
        try:
            publish(
                cursor,
                Target(f"{folder}/entra.duckdb", "aad"),
                entity,
                Staged(memory("staged"), rows, 0, size=size),
                new,
                (),
                options,
            )
            text = f"{new.inserted:,} / {new.updated:,} / {new.deleted:,}"
        except AadAssetsError as error:
            text = str(error)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
        print(f"{_LOADS[number]:<16}{time.monotonic() - began:>8.1f}{peak:>9.0f}   {text}", flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", default="users")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=57)
    parser.add_argument("--memory", default="")
    parser.add_argument("--loads", nargs="*", choices=_LOADS, default=_LOADS)
    given = parser.parse_args(arguments)
    entity = cut(CATALOG[given.table], given.columns)
    older = cut(entity, len(entity.columns) * 4 // 5)
    context = multiprocessing.get_context("spawn")
    print(f"{given.rows:,} rows of {given.table}, {len(entity.columns)} columns, duckdb {duckdb.__version__}")
    print(f"{'':<16}{'s':>8}{'peak MB':>9}   inserted / updated / deleted")
    with tempfile.TemporaryDirectory(prefix="aad-bench-") as name:
        for label in given.loads:
            number = _LOADS.index(label)
            staged = Path(name) / label
            staged.mkdir()
            of = entity if number else older
            for target, args in (
                (write_chunks, (str(staged), of, given.rows, label)),
                (load, (name, str(staged), of, number, given.memory)),
            ):
                process = context.Process(target=target, args=args)
                process.start()
                process.join()
            database = Path(name) / "entra.duckdb"
            print(f"{'':<16}file {database.stat().st_size / 1e6:,.0f} MB")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
