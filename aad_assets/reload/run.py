"""One run: load every entity, whether or not the others succeed, and refresh the views over them.

`Reload.outcomes()` runs the event loop in a thread of its own. A caller without one (a Dagster step, a script) therefore gets
each entity as soon as it is published, and closing the iterator stops the reload.
"""

import asyncio
import queue
import threading
import uuid
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime

import duckdb

from aad_assets.catalog import Entity
from aad_assets.catalog.access import Access
from aad_assets.catalog.enums import Protection
from aad_assets.catalog.view import View
from aad_assets.concurrency import gather_or_cancel
from aad_assets.errors import AadAssetsError, ConfigurationError, WarehouseError
from aad_assets.graph.probing.preflight import preflight
from aad_assets.graph.requests.client import GraphClient
from aad_assets.graph.requests.rate_limits import RateLimits
from aad_assets.identity.claims import granted_permissions
from aad_assets.identity.token_source import TokenSource
from aad_assets.reload.load import Loader
from aad_assets.reload.log_days import parse_days
from aad_assets.reload.outcome import Outcome, where_raised
from aad_assets.reload.read import Reader
from aad_assets.settings import Connection, is_file
from aad_assets.transport import Transport
from aad_assets.warehouse.database.database_file import copy_for_serving, remove_unfinished
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.publishing.azure_monitor import write_azure_monitor_views
from aad_assets.warehouse.publishing.options import Options
from aad_assets.warehouse.publishing.quarantine import remove_old
from aad_assets.warehouse.publishing.runs import begin_run, end_run
from aad_assets.warehouse.publishing.views import ViewOutcome
from aad_assets.warehouse.staging.stage import Stage
from aad_assets.warehouse.staging.workspace import workspace
from aad_assets.warehouse.writer import Writer
from aad_assets.wording import listed

_STOP_SECONDS = 8.0
"""Time for a stopped reload to release its files."""

_POLL_SECONDS = 0.2

_Results = queue.SimpleQueue["Outcome | ViewOutcome | Exception | None"]
"""Outcomes, or the error that ended the run; then None."""


def _now() -> datetime:
    return datetime.now(UTC)


class Reload:
    """One run over `entities`: loads each completely or not at all, whether or not the others succeed."""

    def __init__(
        self,
        connection: Connection,
        target: Target,
        entities: Sequence[Entity],
        *,
        views: Sequence[View] = (),
        run_id: str = "",
        memory_limit: str = "",
        log_days: Sequence[str] = (),
        options: Mapping[str, Options] | None = None,
        serving_copy: str = "",
        kql_views: bool = False,
        now: Callable[[], datetime] = _now,
    ) -> None:
        """Describe the run; nothing happens before `outcomes`.

        `views` are refreshed after the entities that they read. `log_days` are days of the logs to read instead of those that
        are due, as `2026-11-01` or `2026-11-01..2026-11-05`. `options` say by table how publishing differs from the entity's
        declaration. `serving_copy` is a file that a copy of the database replaces after the run. `kql_views` turns on
        the views named as the tables of Azure Monitor.
        """
        self._connection = connection
        self._target = target
        self._entities = entities
        self._views = views
        self._run_id = run_id or str(uuid.uuid4())
        self._memory_limit = memory_limit
        self._log_days = log_days
        self._options = options or {}
        self._serving_copy = serving_copy
        self._kql_views = kql_views
        self._now = now
        self._reader: Reader | None = None

    def warnings(self) -> list[str]:
        """Return what to know before the run starts: a target other than a file is experimental."""
        if is_file(self._target.database):
            return []
        name = self._target.display_name
        advice = "Set AAD_DATABASE to a file if you need a copy that you can rely on."
        return [f"The database {name} (AAD_DATABASE) is not a file. Such targets are experimental. {advice}"]

    def progress(self) -> dict[str, str]:
        """Return a line of counts for each entity that is still being read, by table."""
        progress = self._reader.progress if self._reader else {}
        return {table: each.meter.progress() for table, each in progress.items() if not each.ended.is_set()}

    def outcomes(self, tick: float = 5.0) -> Generator[Outcome | ViewOutcome | None, None, None]:
        """Yield each entity and view as it ends, parents before children, and None about every `tick` seconds in between.

        Raises AadAssetsError if the reload cannot start (settings, sign-in, a locked database), or if it ends without an
        outcome for each entity and view. Closing the iterator early, or an exception in the caller, cancels all reads and
        releases the database.
        """
        selected = [*(entity.table for entity in self._entities), *(view.name for view in self._views)]
        ended: set[str] = set()
        results: _Results = queue.SimpleQueue()
        stop = threading.Event()
        thread = threading.Thread(target=self._run_loop, args=(results, stop), name="aad_assets-reload")
        thread.start()
        try:
            while True:
                try:
                    result = results.get(timeout=tick)
                except queue.Empty:
                    yield None
                    continue
                if result is None:
                    break
                if isinstance(result, Exception):
                    raise result
                ended.add(result.view.name if isinstance(result, ViewOutcome) else result.entity.table)
                yield result
            if missing := [name for name in selected if name not in ended]:
                raise AadAssetsError(f"The reload ended without an outcome for {', '.join(missing)}. Please report it.")
        finally:
            stop.set()
            thread.join(_STOP_SECONDS)

    def _run_loop(self, results: _Results, stop: threading.Event) -> None:
        """Run the event loop, and report whatever ends it. An unreported error would look like a run that succeeded."""
        try:
            asyncio.run(self._run_until(stop, results))
        except Exception as error:
            results.put(error)
        except BaseException as error:  # SystemExit, or a CancelledError that nobody asked for
            results.put(
                AadAssetsError(
                    f"The reload was aborted by {type(error).__name__} at {where_raised(error)}. What was published before "
                    "stays. Please report it."
                )
            )
        results.put(None)

    async def _run_until(self, stop: threading.Event, results: _Results) -> None:
        work = asyncio.create_task(self._run(results))
        while not work.done():
            await asyncio.wait([work], timeout=_POLL_SECONDS)
            # An interrupt may reach the caller while `outcomes` is suspended, and then nothing closes it. The process shuts
            # down and waits for this thread, which must stop by itself.
            if stop.is_set() or not threading.main_thread().is_alive():
                work.cancel()
        await work

    async def _run(self, results: _Results) -> None:
        """Check what every load needs (settings, sign-in, the database, Graph), then load everything."""
        self._connection.check()
        _check_pseudonym_key(self._connection, self._entities)
        log_days = parse_days(self._log_days, self._now().date())
        transport = Transport(self._connection)
        tokens = TokenSource(self._connection, transport)
        rate_limits = RateLimits(self._connection.quota_share)
        with workspace(self._target.database) as folder:
            remove_old(self._target.database)
            stage = Stage(folder, memory_limit=self._memory_limit, pseudonym_key=self._connection.pseudonym_key)
            writer = Writer(stage, self._target)
            try:
                tenant_id = await tokens.tenant_id()
                access = Access(granted_permissions(await tokens.token()), self._connection.auth_method == "delegated")
                await writer.run(lambda cursor: self._begin(cursor, tenant_id))
                await preflight(self._connection.base_url, tokens, transport, rate_limits)
                async with GraphClient(self._connection.base_url, tokens, transport, rate_limits) as client:
                    self._reader = Reader(client, self._entities)
                    loader = Loader(
                        reader=self._reader,
                        stage=stage,
                        target=self._target,
                        writer=writer,
                        access=access,
                        tenant_id=tenant_id,
                        run_id=self._run_id,
                        options=self._options,
                        log_days=log_days,
                        entity_deadline=self._connection.entity_deadline,
                        first_log_days=self._connection.log_days,
                        now=self._now,
                    )
                    try:
                        await self._load_all(loader, results)
                    finally:
                        with suppress(WarehouseError):
                            await writer.run(lambda cursor: self._end(cursor, tenant_id))
                await writer.run(lambda cursor: self._write_kql_views(cursor, tenant_id))
                if self._serving_copy:
                    await writer.run(lambda cursor: copy_for_serving(cursor, self._target, self._serving_copy))
            finally:
                await writer.close()
                stage.close()

    def _begin(self, cursor: duckdb.DuckDBPyConnection, tenant_id: str) -> None:
        """Fail before hours of reading if the database cannot be written. Clean up after a prune that was killed."""
        with self._target.transaction(cursor, tenant_id):
            remove_unfinished(self._target.database)
        begin_run(cursor, self._target, self._run_id, tenant_id, self._now())

    def _end(self, cursor: duckdb.DuckDBPyConnection, tenant_id: str) -> None:
        end_run(cursor, self._target, self._run_id, tenant_id, self._now())

    def _write_kql_views(self, cursor: duckdb.DuckDBPyConnection, tenant_id: str) -> None:
        entities = {entity.table: entity for entity in self._entities}
        write_azure_monitor_views(cursor, self._target, tenant_id, entities, on=self._kql_views)

    async def _load_all(self, loader: Loader, results: _Results) -> None:
        """Load all entities concurrently, and refresh each view after its tables."""
        by_table = {entity.table: entity for entity in self._entities}

        async def load(entity: Entity) -> None:
            results.put(await loader.load(entity))

        async def refresh(view: View) -> None:
            for outcome in await loader.refresh(view, by_table):
                results.put(outcome)

        try:
            await gather_or_cancel([*map(load, self._entities), *map(refresh, self._views)])
        finally:
            await loader.reader.close()


def _check_pseudonym_key(connection: Connection, entities: Sequence[Entity]) -> None:
    """Raise ConfigurationError if a column is pseudonymised, but there is no key."""
    tables = [each.table for each in entities if any(how is Protection.PSEUDONYMISE for _, how in each.protected)]
    if tables and not connection.pseudonym_key:
        raise ConfigurationError(
            f"The connection metadata pseudonymises columns of {listed(tables)}, but AAD_PSEUDONYM_KEY is not set. Set it to "
            "a secret of at least 16 characters, and keep it: with another key, every pseudonym changes."
        )
