"""An entity with a column of every kind, a lab that stages and publishes its rows, and helpers for other processes."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import duckdb

from aad_assets.catalog import Column, Entity, Group
from aad_assets.catalog.types import Json, List, Scalar, Struct, Type, quoted
from aad_assets.errors import ErrorResponse, Refusals, RefusedParent
from aad_assets.warehouse.database.sql import ALIAS
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.publishing.gates import OPENABLE, Gates
from aad_assets.warehouse.publishing.loads import Load
from aad_assets.warehouse.publishing.options import Options
from aad_assets.warehouse.publishing.publish import publish
from aad_assets.warehouse.staging.coercion import Reject
from aad_assets.warehouse.staging.entity_stage import EntityStage, Staged
from aad_assets.warehouse.staging.stage import CHUNK, Stage

T = TypeVar("T")
Row = dict[str, Any]

TENANT = "11111111-1111-1111-1111-111111111111"
OTHER_TENANT = "22222222-2222-2222-2222-222222222222"
FIRST_LOAD = datetime(2026, 1, 1, tzinfo=UTC)
REPOSITORY = Path(__file__).parents[2]

STRING = Scalar("String")
PLAN = Struct((("sku", STRING), ("off", List(STRING)), ("since", Scalar("DateTimeOffset"))))


@dataclass(frozen=True, kw_only=True)
class GivenEntity(Entity):
    """An entity whose columns do not come from Microsoft's metadata."""

    given: tuple[Column, ...] = ()

    @cached_property
    def all_columns(self) -> tuple[Column, ...]:
        return self.given


def entity(columns: Mapping[str, Type], *, table: str = "things", key: tuple[str, ...] = ("id",)) -> GivenEntity:
    given = tuple(Column(name, name, type_) for name, type_ in columns.items())
    return GivenEntity(
        table=table,
        path=f"/{table}",
        type="thing",
        group=Group.DIRECTORY,
        description="For tests.",
        permissions=("None",),
        key=key,
        given=given,
    )


COLUMNS: dict[str, Type] = {
    "id": STRING,
    "name": STRING,
    "guid": Scalar("Guid"),
    "flag": Scalar("Boolean"),
    "small": Scalar("Int32"),
    "large": Scalar("Int64"),
    "ratio": Scalar("Double"),
    "day": Scalar("Date"),
    "moment": Scalar("DateTimeOffset"),
    "tags": List(STRING),
    "numbers": List(Scalar("Int32")),
    "info": Struct((("label", STRING), ("size", Scalar("Int32")), ("deep", Struct((("on", Scalar("Boolean")),))))),
    "plans": List(PLAN),
    "open": Json(),
    "opens": List(Json()),
}
"""A column of every kind."""

THINGS = entity(COLUMNS)


OPEN = Options(gates=Gates(open=frozenset(OPENABLE)))
"""Options with every gate open, for tests of anything except gates."""


class Lab:
    """A stage, and an event loop to use it in."""

    def __init__(self, folder: Path, *, chunk: int = CHUNK) -> None:
        self.folder = folder
        self.stage = Stage(folder, chunk=chunk)
        self._runner = asyncio.Runner()

    def close(self) -> None:
        self._runner.close()
        self.stage.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)

    def land(self, rows: Iterable[Row | bytes], of: Entity = THINGS) -> Staged:
        """Stage rows as one finished chain."""
        return self.run(self._land(rows, of))

    async def _land(self, rows: Iterable[Row | bytes], of: Entity) -> Staged:
        staging = EntityStage(self.stage, of)
        part = staging.part()
        await part.add([encoded(row) for row in rows])
        await part.close()
        return await staging.finish()

    def rows(self, staged: Staged, of: Entity = THINGS) -> dict[str, Row]:
        """Return the rows that DuckDB typed, as JSON by key, including `_extra`."""
        columns = ", ".join(quoted(name) for name in [*(column.name for column in of.columns), "_extra"])
        found = self.query(f"SELECT to_json(t)::VARCHAR FROM (SELECT {columns} FROM {staged.relation}) t")
        decoded: list[Row] = [json.loads(row[0]) for row in found]
        return {"|".join(row[name] for name in of.key): row for row in decoded}

    def rejects(self, staged: Staged) -> list[Reject]:
        """Return the rejects in order."""
        if staged.rejects is None:
            return []
        found = self.query(f"SELECT DISTINCT key, column_name, value FROM {staged.rejects} ORDER BY ALL")
        return [Reject(*values) for values in found]

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        with self.stage.cursor() as cursor:
            return cursor.execute(statement).fetchall()

    def publish(
        self,
        target: Target,
        rows: Iterable[Row | bytes],
        of: Entity = THINGS,
        *,
        number: int = 0,
        rejected: Sequence[str] = (),
        tenant: str = TENANT,
        options: Options = OPEN,
        refusals: Sequence[Refusals] = (),
        inherited: Sequence[Refusals] = (),
    ) -> Load:
        """Publish `rows` as the load of the given number. There is one load a day."""
        load = new_load(number, of, tenant)
        load.refusals = [*refusals]
        staged = self.land(rows, of)
        with self.stage.cursor() as cursor:
            publish(cursor, target, of, staged, load, rejected, options, inherited=inherited)
        return load

    def stored(self, target: Target, statement: str) -> list[tuple[Any, ...]]:
        """Run a query on the target, in which `{schema}`, `{history}` and `{meta}` stand for its schemas."""
        with self.stage.cursor() as cursor, target.transaction(cursor, TENANT):
            return cursor.execute(statement.format(schema=target.schema, meta=target.meta, history=target.history)).fetchall()

    def table(self, target: Target, of: Entity = THINGS, tenant: str = TENANT) -> dict[str, Row]:
        """Return the tenant's rows of a table as JSON by key, with the number of the load as `_loaded_at`."""
        found = self.stored(
            target,
            f"SELECT to_json(t)::VARCHAR, epoch(_loaded_at - TIMESTAMPTZ '{FIRST_LOAD}') // 86400 "
            f"FROM {{schema}}.{quoted(of.table)} t WHERE _tenant_id = '{tenant}'",
        )
        rows: list[Row] = [json.loads(text) | {"_loaded_at": int(load)} for text, load in found]
        for row in rows:
            row.pop("_tenant_id")
        return {"|".join(row[name] for name in of.key): row for row in rows}


class MemoryTarget(Target):
    """A database in the stage's memory, for tests that publish many times."""

    def __init__(self, lab: Lab) -> None:
        super().__init__(str(lab.folder / "in-memory.duckdb"), "aad")
        with lab.stage.cursor() as cursor:
            cursor.execute(f"DETACH DATABASE IF EXISTS {ALIAS}")
            cursor.execute(f"ATTACH ':memory:' AS {ALIAS}")

    def _attach(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Do nothing, because it is already attached."""

    def release(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Do nothing, because it stays attached."""


def new_load(number: int = 0, of: Entity = THINGS, tenant: str = TENANT) -> Load:
    moment = FIRST_LOAD + timedelta(days=number)
    return Load(
        load_id=f"load-{number}",
        entity=of.table,
        tenant_id=tenant,
        run_id=f"run-{number}",
        started_at=moment,
        published_at=moment,
    )


def touch(lab: Lab, target: Target, tenant: str = TENANT) -> None:
    """Run a transaction that does nothing but migrate the bookkeeping."""
    with lab.stage.cursor() as cursor, target.transaction(cursor, tenant):
        pass


def refusals(
    table: str, *keys: str, asked: int = 10, status: int = 403, code: str = "Forbidden", message: str = "No."
) -> Refusals:
    """Return the refusals of parents with these keys, whose values are joined by `|`."""
    responses = (ErrorResponse(status, code, message, "req-7", f"GET /{key}") for key in keys)
    return Refusals(table, tuple(map(RefusedParent, (tuple(key.split("|")) for key in keys), responses)), asked)


def encoded(row: Row | bytes) -> bytes:
    return row if isinstance(row, bytes) else json.dumps(row).encode()


class OtherProcess:
    """Python in another process. Its script prints a line when it has reached a point, and reads one before it continues."""

    def __init__(self, script: str, *arguments: str, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", script, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY), **environment},
        )

    def __enter__(self) -> "OtherProcess":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def line(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def go_on(self) -> None:
        assert self.process.stdin
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


HOLD_DATABASE = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1])
connection.execute("CREATE TABLE IF NOT EXISTS theirs (i INTEGER)")
print("held", flush=True)
sys.stdin.readline()
connection.close()
print("released", flush=True)
sys.stdin.readline()
"""


def read_alone(database: Path, statement: str) -> list[tuple[Any, ...]]:
    """Run a query as a BI tool would, with the file opened read-only."""
    with duckdb.connect(str(database), read_only=True) as connection:
        return connection.execute(statement).fetchall()


def counts(load: Load) -> tuple[int, int, int, int]:
    """Return how many rows were inserted, updated, deleted and unchanged."""
    return (load.inserted, load.updated, load.deleted, load.unchanged)


def landed(lab: Lab, row: Row | bytes) -> tuple[Row, dict[str, Any]]:
    """Return the row's values that are not null, and the rejects by path."""
    staged = lab.land([row])
    stored = {name: value for name, value in lab.rows(staged)["1"].items() if value is not None and name != "id"}
    return stored, {reject.column: reject.value for reject in lab.rejects(staged)}
