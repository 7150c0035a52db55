"""Measure how long many small tables take to publish: their first load, and one that changes half of their rows.

    python -m benchmarks.small_tables [--tables 100] [--rows 100] [--at-once 16]

The rows go through a run's stage and writer into a database file, as many tables at a time as a run reads at once. Attaching
the database and writing its log into the file cost more than such a load, so this shows how well the writer shares them.
"""

import argparse
import asyncio
import json
import os
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from aad_assets.catalog import CATALOG, Entity
from aad_assets.concurrency import gather_or_cancel
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.publishing.loads import Load
from aad_assets.warehouse.publishing.publish import publish
from aad_assets.warehouse.staging.entity_stage import EntityStage
from aad_assets.warehouse.staging.stage import Stage
from aad_assets.warehouse.writer import Writer

_COLUMNS = 12

_GROUPS = CATALOG["groups"]
GROUPS = replace(_GROUPS, omit=_GROUPS.omit | {column.source for column in _GROUPS.columns[_COLUMNS:]})


def tables(count: int) -> list[Entity]:
    """Return entities with 12 of the columns of groups."""
    return [replace(GROUPS, table=f"table_{number}") for number in range(count)]


def page(rows: int, turn: int) -> list[bytes]:
    """Return a page of rows. Every other row is different in each turn."""
    return [json.dumps({"id": f"{n:06}", "description": f"Group {n} {turn * (n % 2)}"}).encode() for n in range(rows)]


async def load(stage: Stage, writer: Writer, target: Target, entity: Entity, rows: Sequence[bytes]) -> None:
    """Stage and publish one table as a run does."""
    staging = EntityStage(stage, entity)
    part = staging.part()
    await part.add(rows)
    await part.close()
    staged = await staging.finish()
    new = Load(load_id=entity.table, entity=entity.table, tenant_id="tenant", run_id="", started_at=datetime.now(UTC))
    await writer.run(lambda cursor: publish(cursor, target, entity, staged, new))
    await staging.abort()


async def load_all(stage: Stage, target: Target, entities: Sequence[Entity], rows: Sequence[bytes], at_once: int) -> None:
    """Load the tables, `at_once` at a time, and detach the database."""
    writer, places = Writer(stage, target), asyncio.Semaphore(at_once)

    async def load_in_turn(entity: Entity) -> None:
        async with places:
            await load(stage, writer, target, entity, rows)

    try:
        await gather_or_cancel([load_in_turn(entity) for entity in entities])
    finally:
        await writer.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=int, default=100)
    parser.add_argument("--rows", type=int, default=100)
    parser.add_argument("--at-once", type=int, default=16)
    options = parser.parse_args(arguments)
    entities = tables(options.tables)
    print(f"{options.tables} tables of {options.rows} rows, {options.at_once} at once, {os.cpu_count()} cores")
    print(f"{'':<18}{'wall s':>8}{'cpu s':>8}")
    with tempfile.TemporaryDirectory(prefix="aad-bench-") as name:
        database = Path(name) / "entra.duckdb"
        for turn, label in enumerate(("the first load", "half is changed")):
            folder = Path(name) / f"staging-{turn}"
            folder.mkdir()
            with closing(Stage(folder)) as stage:
                wall, processor = time.monotonic(), time.process_time()
                rows = page(options.rows, turn)
                asyncio.run(load_all(stage, Target(str(database), "aad"), entities, rows, options.at_once))
                print(f"{label:<18}{time.monotonic() - wall:>8.2f}{time.process_time() - processor:>8.2f}", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
