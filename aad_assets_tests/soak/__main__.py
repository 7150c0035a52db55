"""Reload a demo tenant under random mixtures of faults, and prove every outcome. Ends with 1 at the first wrong one.

Each load must end with the tenant's rows in the table, or with a reported failure and the rows of before. Requests, seconds
and memory must stay within bounds.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import duckdb

from aad_assets.catalog import Entity, Shape
from aad_assets.catalog.types import quoted
from aad_assets.demo import DemoServer
from aad_assets.settings import Connection, Settings
from aad_assets_tests.e2e.truth import Row, expected_rows, known, stored_rows
from aad_assets_tests.soak.mixtures import Mixer, Mixture, chosen_entities
from aad_assets_tests.soak.product import Ended, Memory, Product

USERS = 400
ENTITY_DEADLINE = 30.0
MOST_SECONDS = 3 * ENTITY_DEADLINE
"""A load may wait for a parent, and for a grandparent."""
MOST_REQUESTS = 20_000
MOST_MEMORY = 800 * 10**6
"""Bytes of the process that reloads: what AAD_MEMORY_LIMIT is by default."""
MOST_GROWTH = 100 * 2**20
"""How many bytes more than after the third load, when everything is imported and cached, the process may hold."""
LOG_DAYS = 2

Rows = dict[tuple[str, ...], Row]


@dataclass
class Soak:
    """One seed: a tenant, a database, and what each table holds."""

    seed: int
    tenant: DemoServer
    product: Product
    folder: Path
    loads: int = 0
    published: int = 0
    held: dict[str, Rows] = field(default_factory=dict)
    memories: list[Memory] = field(default_factory=list)
    read_days: dict[tuple[str, date], str] = field(default_factory=dict)
    """The load that last read a day of a log."""

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.entities = chosen_entities(self.random)
        self.mixer = Mixer(self.random, self.tenant, self.entities)
        settings = Settings.from_environment(self.tenant.environment() | {"AAD_QUOTA_SHARE": "1000"})
        limits = {"request_timeout": 3.0, "entity_deadline": ENTITY_DEADLINE, "log_days": LOG_DAYS}
        self.connection: Connection = settings.connection.model_copy(update=limits)

    def load(self, day: int) -> None:
        """Reload once, and check what every table holds afterwards. Raises AssertionError."""
        self.tenant.clear_faults()
        self.tenant.set_day(day)
        entities = [known(self.tenant, entity) for entity in self.entities]
        truth = {entity.table: expected_rows(self.tenant, entity) for entity in entities}
        faults = self.mixer.mixture() if self.loads else Mixture([])
        self.tenant.reset_stats()
        self.tenant.faults(faults.rules)
        began = time.monotonic()
        tables = [entity.table for entity in self.entities]
        outcomes, memory = self.product.reload(self.connection, self._database, tables, 2 * MOST_SECONDS)
        seconds, stats = time.monotonic() - began, self.tenant.stats()
        self.tenant.clear_faults()
        self.loads += 1
        self.memories.append(memory)
        context = f"seed {self.seed}, load {self.loads}, faults {list(faults.rules)}"
        assert sum(stats["requests"].values()) <= MOST_REQUESTS, f"{context}: {stats['requests']}"
        assert seconds <= MOST_SECONDS, f"{context}: {seconds:.0f} s"
        assert outcomes.keys() == truth.keys(), context
        assert memory.peak <= MOST_MEMORY, f"{context}: {memory}"
        assert memory.now <= self.memories[:3][-1].now + MOST_GROWTH, f"{context}: {self.memories}"
        for entity in entities:
            self._check(entity, outcomes[entity.table], truth[entity.table], faults, context)

    @property
    def _database(self) -> Path:
        return self.folder / "entra.duckdb"

    def _check(self, entity: Entity, load: Ended, truth: Rows, faults: Mixture, context: str) -> None:
        table = entity.table
        context = f"{context}: {table} was {load.status} ({load.reason})"
        before, stored = self.held.get(table, {}), self._stored(entity)
        assert load.status == "published" or load.reason, context
        self.published += load.status == "published"
        if entity.shape is Shape.LOG:
            self._check_log(entity, load, truth, stored, context)
            return
        if load.status != "published":
            assert stored == before, context
            return
        refused = self._refused(load.load_id) if load.refused_parents else set()
        expected = {key: row for key, row in truth.items() if self._parent(entity, row) not in refused}
        expected |= {key: row for key, row in before.items() if self._parent(entity, row) in refused}
        if column := faults.unread.get(table):
            expected = {key: row | {column: before.get(key, {}).get(column)} for key, row in expected.items()}
        if table in faults.wrong and len(before) < 4 and len(stored) < len(expected):
            expected = {key: expected[key] for key in stored}  # half of so few rows may be gone
        if stored != expected and not self._keeps_rows_of_kept_parents(entity):
            raise AssertionError(f"{context}: {_difference(stored, expected)}")
        self.held[table] = stored

    def _check_log(self, entity: Entity, load: Ended, truth: Rows, stored: Rows, context: str) -> None:
        """Check that days that were read are complete, and others as before. Events happen while the log is read."""
        before, later = self.held.get(entity.table, {}), expected_rows(self.tenant, entity)
        strange = [key for key, row in stored.items() if row not in (before.get(key), truth.get(key), later.get(key))]
        assert not strange, f"{context}: {len(strange)} of {len(stored)} events differ from the tenant's"
        assert stored.keys() >= before.keys(), f"{context}: events are gone"
        found = self._query("SELECT day, load_id FROM aad_meta.log_days WHERE entity = ?", [entity.table])
        days = {day for day, load_id in found if self.read_days.get((entity.table, day)) != load_id}
        self.read_days |= {(entity.table, day): load_id for day, load_id in found}
        due = {datetime.now(UTC).date() - timedelta(days=number) for number in range(1 + LOG_DAYS)}
        assert load.status != "published" or {day for day, _ in found} >= due, (
            f"{context}: only {sorted(days)} of {sorted(due)}"
        )
        failed = self._query("SELECT load_id FROM aad_meta.loads WHERE entity = ? AND status <> 'published'", [entity.table])
        days -= {day for day, load_id in found if (load_id,) in failed}
        time_property = entity.time_property or ""
        missing = [key for key, row in truth.items() if row[time_property].date() in days and key not in stored]
        assert not missing, f"{context}: {len(missing)} events of {sorted(days)} are missing"
        self.held[entity.table] = stored

    def _keeps_rows_of_kept_parents(self, entity: Entity) -> bool:
        """Return whether the parents of the rows are themselves rows that a refused parent kept."""
        query = "SELECT count(*) FROM aad_meta.refused_parents WHERE entity = ?"
        return bool(entity.parent) and bool(self._query(query, [entity.parent])[0][0])

    def _parent(self, entity: Entity, row: Row) -> str:
        columns = entity.parent_columns or ((entity.owner_column,) if entity.owner_column else ())
        return "|".join(str(row[name]) for name in columns)

    def _refused(self, load_id: str) -> set[str]:
        found = self._query("SELECT key FROM aad_meta.refused_parents WHERE load_id = ?", [load_id])
        return {key for (key,) in found}

    def _stored(self, entity: Entity) -> Rows:
        if not self._query("FROM duckdb_tables() WHERE schema_name = 'aad' AND table_name = ?", [entity.table]):
            return {}
        columns = ", ".join(quoted(column.name) for column in entity.columns)
        return stored_rows(entity, self._query(f"SELECT {columns} FROM aad.{entity.table}"))

    def _query(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self._database), read_only=True) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            return connection.execute(statement, list(parameters)).fetchall()


def _difference(stored: Rows, expected: Rows) -> str:
    changed = [key for key in stored.keys() & expected.keys() if stored[key] != expected[key]]
    return (
        f"{len(stored.keys() - expected.keys())} rows too many, {len(expected.keys() - stored.keys())} missing, "
        f"{len(changed)} different"
    )


def soak(seed: int, seconds: float) -> Soak:
    """Load again and again for `seconds`. Raises AssertionError at the first wrong outcome."""
    ends = time.monotonic() + seconds
    with (
        DemoServer(users=USERS, no_quota=True, token_lifetime=5) as tenant,
        Product() as product,
        tempfile.TemporaryDirectory(prefix="soak-") as folder,
    ):
        run = Soak(seed, tenant, product, Path(folder))
        while time.monotonic() < ends or run.loads < 2:
            run.load(day=run.loads)
            peak, now = (size / 2**20 for size in (run.memories[-1].peak, run.memories[-1].now))
            tables = f"{run.published} tables published"
            print(f"seed {seed}: {run.loads} loads, {tables}, at most {peak:.0f} MB, now {now:.0f} MB", flush=True)
        return run


def main() -> int:
    """Run the seeds, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m aad_assets_tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="in all (default: 10)")
    parser.add_argument("--seeds", type=int, nargs="+", default=[int(time.time()) + number for number in range(3)])
    options = parser.parse_args()
    for seed in options.seeds:
        try:
            soak(seed, options.minutes * 60 / len(options.seeds))
        except AssertionError as error:
            print(f"WRONG: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
