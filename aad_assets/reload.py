"""Joins reading and landing: read, stage, publish, report, many entities at once. No Dagster here.

`Reload.outcomes()` runs the event loop in a thread of its own, so that a caller without one (a Dagster step, a script) gets
each entity the moment it is published, and stopping the iteration stops the reload.
"""

import asyncio
import queue
import threading
import traceback
import uuid
from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

import duckdb

from aad_assets.catalog import CATALOG, Entity, Shape
from aad_assets.errors import (
    AadAssetsError,
    ConfigurationError,
    GraphError,
    GraphUnavailable,
    LicenceMissing,
    WarehouseError,
)
from aad_assets.graph.children import read_children
from aad_assets.graph.client import GraphClient, RetryPolicy
from aad_assets.graph.lists import count, read_ids, read_list
from aad_assets.graph.meter import Meter
from aad_assets.graph.select import Selection
from aad_assets.graph.sign_in import TokenSource
from aad_assets.graph.tasks import together
from aad_assets.graph.throttle import Quotas
from aad_assets.graph.transport import Transport
from aad_assets.settings import Connection
from aad_assets.warehouse.publish import Load, publish, record
from aad_assets.warehouse.stage import EntityStage, Stage
from aad_assets.warehouse.target import Target
from aad_assets.warehouse.workspace import workspace

_STOPPING = 8.0
"""Seconds that a stopped reload may take to let go of its files."""

_POLL = 0.2

_GREETING = RetryPolicy(attempts=5)
"""Some ten seconds: long enough for a restart of a proxy, short enough to wait for."""

_GREETING_SECONDS = 30.0
"""For a host that swallows what it is sent."""


@dataclass(frozen=True)
class Outcome:
    """How one entity ended: `load.status` says it, `error` why."""

    entity: Entity
    load: Load
    seconds: float
    error: Exception | None = None

    @property
    def rows_per_second(self) -> float:
        return self.load.rows / self.seconds if self.seconds else 0.0


_Results = queue.SimpleQueue["Outcome | Exception | None"]


@dataclass
class _Progress:
    """What an entity's children and the progress lines need to know of it."""

    meter: Meter = field(default_factory=Meter)
    ids: "asyncio.Future[list[str]]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    error: Exception | None = None


class Reload:
    """One run over `entities`: reads each whole and publishes it, whatever becomes of the others."""

    def __init__(
        self,
        connection: Connection,
        target: Target,
        entities: Sequence[Entity],
        *,
        run_id: str = "",
        memory_limit: str = "200MB",
    ) -> None:
        self._connection = connection
        self._target = target
        self._entities = entities
        self._run_id = run_id
        self._memory_limit = memory_limit
        self._progress: dict[str, _Progress] = {}

    def progress(self) -> dict[str, str]:
        """A line of counts for each entity still being read, by table."""
        return {
            table: progress.meter.progress()
            for table, progress in list(self._progress.items())
            if not progress.ended.is_set()
        }

    def outcomes(self, tick: float = 5.0) -> Generator[Outcome | None, None, None]:
        """Each entity as it ends, parents before children; None about every `tick` seconds in between.

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
        transport = Transport(self._connection)
        tokens = TokenSource(self._connection, transport)
        quotas = Quotas(self._connection.quota_share)
        with workspace(self._target.database) as folder:
            stage = Stage(folder, memory_limit=self._memory_limit)
            try:
                tenant_id = await tokens.tenant_id()
                await tokens.token()
                await stage.run(lambda cursor: _touch(cursor, self._target, tenant_id))
                await _greet(self._connection.base_url, tokens, transport, quotas)
                async with GraphClient(self._connection.base_url, tokens, transport, quotas) as client:
                    self._progress = {entity.table: _Progress() for entity in self._entities}
                    await together(self._entity(client, stage, tenant_id, entity, results) for entity in self._entities)
            finally:
                stage.close()

    async def _entity(
        self,
        client: GraphClient,
        stage: Stage,
        tenant_id: str,
        entity: Entity,
        results: _Results,
    ) -> None:
        progress = self._progress[entity.table]
        started = monotonic()
        load = Load(
            load_id=str(uuid.uuid4()),
            entity=entity.table,
            tenant_id=tenant_id,
            run_id=self._run_id,
            started_at=datetime.now(UTC),
        )
        error: Exception | None = None
        staging = EntityStage(stage, entity)
        try:
            await self._read_and_publish(client, staging, entity, load)
        except Exception as caught:
            error = progress.error = caught
            load.status = "skipped" if isinstance(caught, LicenceMissing) else "failed"
            load.reason = reason(entity, caught)
            _count(load, progress.meter)
            with suppress(WarehouseError):  # the outcome says what went wrong, also where it cannot be written down
                await stage.run(lambda cursor: record(cursor, self._target, load))
        finally:
            await staging.abort()
            if not progress.ids.done():
                progress.ids.cancel()
        progress.ended.set()
        results.put(Outcome(entity, load, monotonic() - started, error))

    async def _read_and_publish(self, client: GraphClient, staging: EntityStage, entity: Entity, load: Load) -> None:
        progress = self._progress[entity.table]
        selection = await self._read(client, staging, entity, progress.meter)
        staged = await staging.finish(selection.passes)
        if any(child.parent == entity.table for child in self._entities):
            progress.ids.set_result(await staging.ids(staged.relation))
        await self._parent_ended(entity)
        load.published_at = datetime.now(UTC)
        _count(load, progress.meter)
        await staging.stage.run(lambda cursor: publish(cursor, self._target, entity, staged, load, selection.refused))

    async def _read(self, client: GraphClient, staging: EntityStage, entity: Entity, meter: Meter) -> Selection:
        if entity.shape is Shape.LIST:
            return await read_list(client, entity, meter, staging)
        await read_children(client, entity, await self._parent_ids(client, entity, meter), meter, staging.part())
        return Selection((entity.select,))

    async def _parent_ids(self, client: GraphClient, entity: Entity, meter: Meter) -> list[str]:
        """From the parent's own read when it is part of the run, so that both tables show the same parents."""
        parent = self._progress.get(entity.parent or "")
        if parent is None:
            return await read_ids(client, CATALOG[entity.parent or ""], meter)
        await asyncio.wait([parent.ids])
        if parent.ids.cancelled():
            raise _without_parent(entity, parent)
        return parent.ids.result()

    async def _parent_ended(self, entity: Entity) -> None:
        """Children are published after their parents, and never when those were not."""
        if parent := self._progress.get(entity.parent or ""):
            await parent.ended.wait()
            if parent.error:
                raise _without_parent(entity, parent)


def reason(entity: Entity, error: Exception) -> str:
    """The message for people: the entity, what happened, and the permission or licence that would mend it."""
    text = str(error)
    if isinstance(error, LicenceMissing):
        text += f". Skipped: it needs the licence {entity.licence or 'that the answer names'}."
    elif isinstance(error, GraphError) and error.answer.status in (401, 403) and not error.advice:
        text += (
            f". It needs the application permission {entity.permission}: add it under API permissions in the app "
            "registration, and grant admin consent."
        )
    elif not isinstance(error, AadAssetsError):
        # The text of an unforeseen error may quote rows or a token.
        text = f"unexpected {type(error).__name__} at {_where(error)}; nothing is published. Please report it."
    return f"{entity.table}: {text}"


def _where(error: Exception) -> str:
    """File, line and function in which an unforeseen error was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno} in {frames[-1].name}" if frames else "an unknown place"


def _without_parent(entity: Entity, parent: _Progress) -> AadAssetsError:
    """Children of what the tenant has no licence for are skipped with it."""
    if isinstance(parent.error, LicenceMissing):
        return LicenceMissing(parent.error.answer)
    return AadAssetsError(
        f"not published, since {entity.parent} could not be read in this run. Mend {entity.parent} and reload both."
    )


def _count(load: Load, meter: Meter) -> None:
    load.requests, load.retries, load.bytes = meter.requests, meter.retries, meter.bytes
    load.throttled_seconds = round(meter.throttled_seconds, 3)


def _touch(cursor: duckdb.DuckDBPyConnection, target: Target, tenant_id: str) -> None:
    """Find out before hours of reading that the database cannot be written."""
    with target.open(cursor, tenant_id):
        pass


async def _greet(base_url: str, tokens: TokenSource, transport: Transport, quotas: Quotas) -> None:
    """Find out soon that Graph cannot be reached, and how many users there are: the directory quota depends on it.

    Not being told how many means the smallest quota.
    """
    async with GraphClient(base_url, tokens, transport, quotas, _GREETING) as client:
        try:
            async with asyncio.timeout(_GREETING_SECONDS):
                users = await count(client, "/users", Meter())
        except (GraphUnavailable, TimeoutError) as error:
            why = error.answer.message or error.answer.code if isinstance(error, GraphUnavailable) else "no answer"
            raise ConfigurationError(
                f"Graph at {base_url} cannot be reached: {why}. "
                "Check the network, AAD_GRAPH_BASE_URL, AAD_CLOUD, AAD_GATEWAY_URL and AAD_CA_BUNDLE."
            ) from None
    if users is not None:
        quotas.size_for(users)
