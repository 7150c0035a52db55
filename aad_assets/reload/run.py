"""One run: reads every entity and publishes it, whatever becomes of the others.

`Reload.outcomes()` runs the event loop in a thread of its own, so that a caller without one (a Dagster step, a script) gets
each entity the moment it is published, and stopping the iteration stops the reload. Not here: how an entity is read
(`read.py`), which days of a log (`logs.py`).
"""

import asyncio
import queue
import threading
import uuid
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from time import monotonic
from typing import TypeVar

import duckdb

from aad_assets.catalog import Entity, Shape
from aad_assets.catalog.view import View
from aad_assets.concurrency import gather_or_cancel
from aad_assets.errors import LicenceMissing, LoadBlocked, WarehouseError
from aad_assets.graph.probing.preflight import preflight
from aad_assets.graph.requests.client import GraphClient
from aad_assets.graph.requests.meter import Meter
from aad_assets.graph.requests.rate_limits import RateLimits
from aad_assets.identity.token_source import TokenSource
from aad_assets.reload.logs import chosen_days, day_filters, due_days, is_over
from aad_assets.reload.outcome import Outcome, add, count, reason, refused_columns
from aad_assets.reload.read import Reader
from aad_assets.settings import Connection
from aad_assets.transport import Transport
from aad_assets.warehouse.database.database_file import copy_for_serving, remove_unfinished
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.publishing.loads import Load, record
from aad_assets.warehouse.publishing.log_days import LogDay, recorded_days, table_rows
from aad_assets.warehouse.publishing.options import Options
from aad_assets.warehouse.publishing.publish import publish
from aad_assets.warehouse.publishing.quarantine import remove_old
from aad_assets.warehouse.publishing.views import ViewOutcome, refresh_views
from aad_assets.warehouse.staging.stage import EntityStage, Stage
from aad_assets.warehouse.staging.workspace import workspace

_STOPPING = 8.0
"""Seconds that a stopped reload may take to let go of its files."""

_POLL = 0.2

T = TypeVar("T")

_Results = queue.SimpleQueue["Outcome | ViewOutcome | Exception | None"]


def _now() -> datetime:
    return datetime.now(UTC)


class Reload:
    """One run over `entities`: reads each whole and publishes it, whatever becomes of the others."""

    def __init__(
        self,
        connection: Connection,
        target: Target,
        entities: Sequence[Entity],
        *,
        views: Sequence[View] = (),
        run_id: str = "",
        memory_limit: str = "200MB",
        log_days: Sequence[str] = (),
        options: Mapping[str, Options] | None = None,
        serving_copy: str = "",
        now: Callable[[], datetime] = _now,
    ) -> None:
        """`views` are refreshed after the entities that they read.

        `log_days`: days of the logs to read instead of those that are due, as `2026-11-01` or `2026-11-01..2026-11-05`.

        `options`: how tables are published otherwise than their declarations say. `serving_copy`: a file that is replaced by
        a copy of the database after the run.
        """
        self._connection = connection
        self._target = target
        self._entities = entities
        self._views = views
        self._run_id = run_id
        self._memory_limit = memory_limit
        self._log_days = log_days
        self._options = options or {}
        self._serving_copy = serving_copy
        self._now = now
        self._reader: Reader | None = None

    def progress(self) -> dict[str, str]:
        """A line of counts for each entity still being read, by table."""
        progress = self._reader.progress if self._reader else {}
        return {table: each.meter.progress() for table, each in progress.items() if not each.ended.is_set()}

    def outcomes(self, tick: float = 5.0) -> Generator[Outcome | ViewOutcome | None, None, None]:
        """Each entity and view as it ends, parents before children; None about every `tick` seconds in between.

        Raises AadAssetsError when the reload cannot start at all: settings, sign-in, a locked database. Closing the
        iterator early, or an exception in the caller, cancels all reads and frees the database.
        """
        results: _Results = queue.SimpleQueue()
        stop = threading.Event()
        thread = threading.Thread(target=self._thread, args=(results, stop), name="aad_assets-reload")
        thread.start()
        try:
            while True:
                try:
                    result = results.get(timeout=tick)
                except queue.Empty:
                    yield None
                    continue
                if result is None:
                    return
                if isinstance(result, Exception):
                    raise result
                yield result
        finally:
            stop.set()
            thread.join(_STOPPING)

    def _thread(self, results: _Results, stop: threading.Event) -> None:
        try:
            asyncio.run(self._until(stop, results))
        except Exception as error:
            results.put(error)
        results.put(None)

    async def _until(self, stop: threading.Event, results: _Results) -> None:
        work = asyncio.create_task(self._run(results))
        while not work.done():
            await asyncio.wait([work], timeout=_POLL)
            # An interrupt can hit the caller while `outcomes` is suspended, and then nothing closes it: the process goes
            # down, waits for this thread, and must find it stopping.
            if stop.is_set() or not threading.main_thread().is_alive():
                work.cancel()
        with suppress(asyncio.CancelledError):
            await work

    async def _run(self, results: _Results) -> None:
        self._connection.check()
        days = chosen_days(self._log_days, self._now().date())
        transport = Transport(self._connection)
        tokens = TokenSource(self._connection, transport)
        rate_limits = RateLimits(self._connection.quota_share)
        with workspace(self._target.database) as folder:
            remove_old(self._target.database)
            stage = Stage(folder, memory_limit=self._memory_limit)
            stage.let_go = self._target.let_go
            try:
                tenant_id = await tokens.tenant_id()
                await tokens.token()
                await stage.run(lambda cursor: _touch(cursor, self._target, tenant_id))
                await preflight(self._connection.base_url, tokens, transport, rate_limits)
                async with GraphClient(self._connection.base_url, tokens, transport, rate_limits) as client:
                    reader = self._reader = Reader(client, self._entities)
                    try:
                        await gather_or_cancel(
                            [
                                *(self._entity(reader, stage, tenant_id, each, days, results) for each in self._entities),
                                *(self._view(reader, stage, tenant_id, view, results) for view in self._views),
                            ]
                        )
                    finally:
                        await reader.close()
                if self._serving_copy:
                    await stage.run(lambda cursor: copy_for_serving(cursor, self._target, self._serving_copy))
            finally:
                stage.close()

    async def _entity(
        self, reader: Reader, stage: Stage, tenant_id: str, entity: Entity, days: Sequence[date], results: _Results
    ) -> None:
        progress = reader.progress[entity.table]
        started = monotonic()
        load = self._load(entity, tenant_id)
        error: Exception | None = None
        rows: int | None = None
        try:
            if entity.shape is Shape.LOG:
                rows = await self._log(reader, stage, entity, load, days)
            else:
                entity, load.reason = await reader.columns(entity)
                await self._read_and_publish(reader, stage, entity, load)
        except Exception as caught:
            error = progress.error = caught
            if not progress.meter.label:  # else the day that failed is recorded, and the load is the sum of the days
                count(load, progress.meter)
                await self._record(stage, entity, load, caught)
            load.status, load.reason = _status(caught), reason(entity, caught)
        finally:
            if not progress.keys.done():
                progress.keys.cancel()
        progress.ended.set()
        results.put(Outcome(entity, load, monotonic() - started, error, rows))

    async def _record(self, stage: Stage, entity: Entity, load: Load, error: Exception) -> None:
        """Write down a load that was not published, if it can be: the outcome says what went wrong in any case."""
        load.status, load.reason = _status(error), reason(entity, error)
        with suppress(WarehouseError):
            await self._on_target(stage, lambda cursor: record(cursor, self._target, load))

    async def _view(self, reader: Reader, stage: Stage, tenant_id: str, view: View, results: _Results) -> None:
        """Once what it reads has ended, in whatever way: what could not be read now shows the rows of an earlier run."""
        for table in view.parents:
            if parent := reader.progress.get(table):
                await parent.ended.wait()
        entities = {entity.table: entity for entity in self._entities}

        def refresh(cursor: duckdb.DuckDBPyConnection) -> list[ViewOutcome]:
            found = refresh_views(cursor, self._target, [view], run_id=self._run_id, tenant_id=tenant_id, entities=entities)
            return list(found)

        for outcome in await self._on_target(stage, refresh):
            results.put(outcome)

    def _load(self, entity: Entity, tenant_id: str) -> Load:
        return Load(
            load_id=str(uuid.uuid4()),
            entity=entity.table,
            tenant_id=tenant_id,
            run_id=self._run_id,
            started_at=self._now(),
        )

    async def _read_and_publish(
        self, reader: Reader, stage: Stage, entity: Entity, load: Load, day: LogDay | None = None
    ) -> None:
        meter = reader.progress[entity.table].meter
        staging = EntityStage(stage, entity)
        try:
            filters = day_filters(entity.time_property, day.day) if entity.time_property and day else ()
            selection = await reader.read(entity, staging, filters)
            staged = await staging.finish(selection.passes)
            await reader.tell_children(entity, staging, staged)
            await reader.parent_ended(entity)
            count(load, meter)
            options = self._options.get(entity.table) or Options.of(entity)
            # Without the list of extension properties nobody knows which of their columns are gone.
            options = replace(options, keeps_columns=load.reason is not None)
            if selection.rejected:
                load.reason = " ".join(filter(None, (load.reason, refused_columns(selection.rejected))))
            counted = meter.expected if entity.shape is Shape.LIST and not entity.belongs_by else None
            await self._on_target(
                stage,
                lambda cursor: publish(cursor, self._target, entity, staged, load, selection.rejected, options, counted, day),
            )
        finally:
            await staging.abort()

    async def _log(self, reader: Reader, stage: Stage, entity: Entity, total: Load, days: Sequence[date]) -> int:
        """Each day read and published by itself, so that what was read counts however the run ends."""
        progress = reader.progress[entity.table]
        if not days:
            recorded = await self._on_target(
                stage, lambda cursor: recorded_days(cursor, self._target, entity.table, total.tenant_id)
            )
            days = due_days(recorded, self._now().date(), self._connection.log_days)
        total.mode = "merge"
        for number, day in enumerate(days):
            progress.meter = Meter(label=f"{day} ({number + 1} of {len(days)} days)")
            load = replace(self._load(entity, total.tenant_id), mode="merge")
            try:
                await self._read_and_publish(reader, stage, entity, load, LogDay(day, is_over(day, load.started_at)))
            except Exception as error:
                count(load, progress.meter)
                await self._record(stage, entity, load, error)
                raise
            finally:
                add(total, load)
            total.published_at, total.load_id = load.published_at, load.load_id
        return await self._on_target(stage, lambda cursor: table_rows(cursor, self._target, entity.table, total.tenant_id))

    async def _on_target(self, stage: Stage, work: Callable[[duckdb.DuckDBPyConnection], T]) -> T:
        """`work`, which opens the target at once, as soon as the stage is free."""
        with self._target.expecting() as arrived:

            def begin(cursor: duckdb.DuckDBPyConnection) -> T:
                arrived()
                return work(cursor)

            return await stage.run(begin, on_target=True)


def _status(error: Exception) -> str:
    """What `loads` calls an entity that was not published."""
    if isinstance(error, LicenceMissing):
        return "skipped"
    return "blocked" if isinstance(error, LoadBlocked) else "failed"


def _touch(cursor: duckdb.DuckDBPyConnection, target: Target, tenant_id: str) -> None:
    """Find out before hours of reading that the database cannot be written, and clean up after a prune that was killed."""
    with target.transaction(cursor, tenant_id):
        remove_unfinished(target)
