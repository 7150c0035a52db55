"""The single writer of a run. It runs transactions one by one, and keeps the database attached for a burst of them."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

import duckdb

from aad_assets.concurrency import run_in_thread
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.staging.stage import Stage

LONGEST_BURST = 1.0
"""Seconds after which the database is detached, because other processes may be waiting for it."""

T = TypeVar("T")


class Writer:
    """Runs the transactions of one run in the order in which they become ready.

    While more are ready, the database stays attached, for at most LONGEST_BURST plus the current transaction. Attaching it
    and writing its log into the file cost more than most loads.
    """

    def __init__(self, stage: Stage, target: Target) -> None:
        self._stage = stage
        self._target = target
        self._turn = asyncio.Lock()
        self._ready = 0
        self._releasing: asyncio.Task[None] | None = None
        target.keep_attached = True

    async def run(self, work: Callable[[duckdb.DuckDBPyConnection], T]) -> T:
        """Run `work`, which opens a transaction on the target, when its turn has come. Raises WarehouseError."""
        self._ready += 1
        try:
            await self._turn.acquire()
        finally:
            self._ready -= 1
        try:
            return await self._stage.run(work)
        finally:
            try:
                await self._end_turn()
            finally:
                self._turn.release()

    async def close(self) -> None:
        """Detach the database."""
        self._target.keep_attached = False
        await self._release()

    async def _end_turn(self) -> None:
        """Detach the database, or have it detached in time when another transaction is ready."""
        attached = self._target.attached_seconds
        if not self._ready or (attached is not None and attached >= LONGEST_BURST):
            await self._release()
        elif attached is not None and self._releasing is None:
            self._releasing = asyncio.create_task(self._release_in(LONGEST_BURST - attached))

    async def _release_in(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self._detach()
        self._releasing = None

    async def _release(self) -> None:
        if self._releasing is not None:
            self._releasing.cancel()
            await asyncio.wait([self._releasing])
            self._releasing = None
        await self._detach()

    async def _detach(self) -> None:
        """Detach without waiting for the stage, which may be typing a large chunk."""

        def release() -> None:
            with self._stage.cursor() as cursor:
                self._target.release(cursor)

        await run_in_thread(release, lambda: None)
