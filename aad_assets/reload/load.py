"""One entity of a run, from its first request to its outcome (read, stage, publish, record a failure), and one view."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from time import monotonic

import duckdb

from aad_assets.catalog import Column, Entity, Shape
from aad_assets.catalog.access import Access
from aad_assets.catalog.view import View
from aad_assets.errors import WarehouseError
from aad_assets.graph.reading.select import Selection
from aad_assets.graph.requests.meter import Meter
from aad_assets.reload.deadline import not_counted, reading_within
from aad_assets.reload.log_days import describe_first_load, due_days, is_over
from aad_assets.reload.log_reader import FailedDays, LogReader, is_conclusive
from aad_assets.reload.outcome import (
    Outcome,
    add_day,
    copy_costs,
    describe_empty_columns,
    describe_failure,
    describe_refusals,
    describe_rejected_columns,
    status_of,
)
from aad_assets.reload.read import Reader
from aad_assets.reload.second_read import CompleteRead, counted_rows, read_carefully
from aad_assets.settings import Connection
from aad_assets.warehouse.database.sql import ALIAS
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.publishing.load_tests import Examination, examine, stored_rows
from aad_assets.warehouse.publishing.loads import Load, LogDay, record_load, recorded_days, table_rows
from aad_assets.warehouse.publishing.missing_rows import MissingRows, missing_rows
from aad_assets.warehouse.publishing.options import Options
from aad_assets.warehouse.publishing.publication import columns_without_values
from aad_assets.warehouse.publishing.publish import publish
from aad_assets.warehouse.publishing.views import ViewOutcome, refresh_views
from aad_assets.warehouse.staging.entity_stage import EntityStage, Staged
from aad_assets.warehouse.staging.stage import Stage
from aad_assets.warehouse.writer import Writer

_KEPT_EXTENSIONS = "Columns of directory extension properties that Graph did not list are unchanged."


@dataclass(frozen=True, kw_only=True)
class Loader:
    """Loads the entities and refreshes the views of one run, each independently of whether the others succeed."""

    reader: Reader
    stage: Stage
    target: Target
    writer: Writer
    access: Access
    tenant_id: str
    run_id: str
    options: Mapping[str, Options]
    """By table, where they differ from the declaration of the entity."""
    log_days: Sequence[date]
    """Days of the logs to read; empty: those that are due."""
    entity_deadline: float = Connection.model_fields["entity_deadline"].default
    """Seconds that reading an entity may take, or reading one day of a log, which is published by itself."""
    first_log_days: int
    """Days before today at which the first load of a log starts."""
    now: Callable[[], datetime]

    async def load(self, entity: Entity) -> Outcome:
        """Read, publish and record `entity`. An error becomes part of the outcome."""
        progress = self.reader.progress[entity.table]
        started = monotonic()
        load = self._new_load(entity)
        error: Exception | None = None
        rows: int | None = None
        note = ""
        try:
            self.access.check(entity)
            if entity.shape is Shape.LOG:
                rows, note = await self._load_log(entity, load)
            else:
                async with reading_within(self.entity_deadline, progress.meter):
                    entity, load.reason = await self.reader.with_extension_properties(entity)
                await self._read_and_publish(entity, load)
                rows = load.rows + load.kept if load.kept else None
        except Exception as caught:
            error = progress.error = self.access.judge(entity, caught)
            if not progress.meter.label:  # Otherwise the failed day was recorded, and the load is the sum of the days.
                copy_costs(progress.meter, load, counted_rows(entity, progress.meter))
                await self._record_failure(entity, load, error)
            load.status, load.reason = status_of(error), describe_failure(entity, error, self.access)
        finally:
            if not progress.keys.done():
                progress.keys.cancel()
        progress.ended.set()
        seconds = monotonic() - started
        if error:
            return Outcome(entity, load, seconds, error, await self._stored_rows(entity))
        examination = await self._examine(entity, load)
        return Outcome(entity, load, seconds, None, rows, examination.tests, examination.data_version, note)

    async def _examine(self, entity: Entity, load: Load) -> Examination:
        """Test a published load. A database that cannot be read now does not turn it into a failed one."""
        gates = (self.options.get(entity.table) or Options.of(entity)).gates
        with suppress(WarehouseError):
            return await self.writer.run(lambda cursor: examine(cursor, self.target, entity, load, gates))
        return Examination()

    async def _stored_rows(self, entity: Entity) -> int | None:
        """Return the rows of a table whose load was not published; None if the database cannot be read."""
        with suppress(WarehouseError):
            return await self.writer.run(lambda cursor: stored_rows(cursor, self.target, entity, self.tenant_id))
        return None

    def _new_load(self, entity: Entity) -> Load:
        return Load(
            load_id=str(uuid.uuid4()),
            entity=entity.table,
            tenant_id=self.tenant_id,
            run_id=self.run_id,
            started_at=self.now(),
        )

    async def _record_failure(self, entity: Entity, load: Load, error: Exception, missing_day: date | None = None) -> None:
        """Record a load that was not published, if the database allows it. The outcome reports the error in any case."""
        load.status, load.reason = status_of(error), describe_failure(entity, error, self.access)
        with suppress(WarehouseError):
            await self.writer.run(lambda cursor: record_load(cursor, self.target, load, missing_day))

    async def _read_and_publish(
        self, entity: Entity, load: Load, log: LogReader | None = None, day: LogDay | None = None
    ) -> None:
        """Read `entity`, or one `day` of a log, and publish it after its parent. Raises AadAssetsError."""
        progress = self.reader.progress[entity.table]
        staging = EntityStage(self.stage, entity)
        options = self.options.get(entity.table) or Options.of(entity)

        async def read() -> CompleteRead:
            if log and day:
                selection = await log.read_day(day.day, staging, progress.meter)
            else:
                selection = await self.reader.read(entity, staging)
            with not_counted(progress.meter):
                staged = await staging.finish(selection.passes)
            return CompleteRead(selection, staged, counted_rows(entity, progress.meter))

        async def find_missing(found: CompleteRead) -> MissingRows:
            relation, refusals = found.staged.relation, (*progress.refusals, *progress.inherited)
            with not_counted(progress.meter):
                return await self.writer.run(
                    lambda cursor: missing_rows(cursor, self.target, entity, relation, self.tenant_id, refusals)
                )

        try:
            async with reading_within(self.entity_deadline, progress.meter):
                found = await read_carefully(options.mode, progress.meter, staging, read, find_missing)
            selection, staged = found.selection, found.staged
            load.refusals = [*progress.refusals]
            options = replace(options, disagreement=found.disagreement, unread_types=selection.unread_types)
            await self.reader.hand_keys_to_children(entity, staging, staged)
            await self.reader.wait_for_parent(entity)
            copy_costs(progress.meter, load, found.counted)
            if not await self.reader.knows_extensions(entity):
                options = replace(options, keeps_columns=_KEPT_EXTENSIONS)
            rejected = await self._properties_not_read(entity, selection, staged, load)
            await self.writer.run(
                lambda cursor: publish(
                    cursor, self.target, entity, staged, load, rejected, options, found.counted, day, progress.inherited
                )
            )
        finally:
            await staging.abort()

    async def _properties_not_read(self, entity: Entity, selection: Selection, staged: Staged, load: Load) -> tuple[str, ...]:
        """Return the properties that Graph rejected, and those that a missing permission empties. Add to `load.reason`."""
        inherited = self.reader.progress[entity.table].inherited
        unpermitted = self.access.empty_columns(entity)
        doubtful = [
            column for column in entity.columns if column.name in unpermitted or column.source in selection.unrequested
        ]
        empty: list[Column] = []
        if doubtful:
            empty = await self.stage.run(lambda cursor: columns_without_values(cursor, staged.relation, doubtful))
        rejected = (*selection.rejected, *(column.source for column in empty if column.source in selection.unrequested))
        reasons = [
            load.reason,
            await self.reader.without_parent_list(entity),
            describe_refusals(entity, [*load.refusals, *inherited], self._refused_parents),
            *selection.problems,
            describe_rejected_columns(rejected) if rejected else None,
        ]
        if unpermitted:
            reasons.append(describe_empty_columns(unpermitted, {column.name for column in empty}))
        load.reason = " ".join(filter(None, reasons)) or None
        return tuple(dict.fromkeys([*rejected, *(column.source for column in empty)]))

    @property
    def _refused_parents(self) -> str:
        """The name of the table that lists refused parents."""
        return f"{self.target.meta.removeprefix(f'{ALIAS}.')}.refused_parents"

    async def _load_log(self, entity: Entity, total: Load) -> tuple[int, str]:
        """Load each day of a log by itself, whether or not other days fail.

        Adds the days to `total`, and returns the rows of the whole table, and a sentence about a first load. Raises
        AadAssetsError at the end if a day failed.
        """
        progress = self.reader.progress[entity.table]
        recorded = await self.writer.run(lambda cursor: recorded_days(cursor, self.target, entity.table, self.tenant_id))
        days = self.log_days or due_days(recorded, self.now().date(), self.first_log_days)
        first_event: date | None = None
        total.mode = "merge"
        log, failed = LogReader(self.reader.client, entity), FailedDays()
        for number, day in enumerate(days, 1):
            if failed.hopeless:
                break
            progress.meter = Meter(label=f"{day} ({number} of {len(days)} days)")
            load = replace(self._new_load(entity), mode="merge")
            try:
                await self._read_and_publish(entity, load, log, LogDay(day, is_over(day, load.started_at)))
            except Exception as error:
                meter, judged = progress.meter, self.access.judge(entity, error)
                copy_costs(meter, load)
                await self._record_failure(entity, load, judged, None if is_conclusive(judged) else day)
                failed.add(day, judged, answered=bool(meter.rows or meter.restarts))
            else:
                failed.succeeded()
                total.published_at, total.load_id = load.published_at, load.load_id
                first_event = first_event or (day if load.rows else None)
            finally:
                add_day(total, load)
        failed.raise_if_any(days)
        rows = await self.writer.run(lambda cursor: table_rows(cursor, self.target, entity.table, self.tenant_id))
        return rows, "" if recorded else describe_first_load(days[0], first_event)

    async def refresh(self, view: View, entities: Mapping[str, Entity]) -> list[ViewOutcome]:
        """Refresh `view` after its tables in the run have ended.

        `entities` are those of the run, by table. A table that was not published shows the rows of an earlier run.
        """
        for table in view.tables:
            if progress := self.reader.progress.get(table):
                await progress.ended.wait()

        def refresh(cursor: duckdb.DuckDBPyConnection) -> list[ViewOutcome]:
            options = {"run_id": self.run_id, "tenant_id": self.tenant_id}
            return list(refresh_views(cursor, self.target, [view], entities=entities, **options))

        return await self.writer.run(refresh)
