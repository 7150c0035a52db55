"""A cancelled reload leaves no running thread and no file, however often it is cancelled."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from aad_assets.errors import WarehouseError
from aad_assets.warehouse.database import target as target_module
from aad_assets.warehouse.database.target import Target, pause
from aad_assets.warehouse.staging.entity_stage import EntityStage
from aad_assets_tests.warehouse.conftest import MakeLab
from aad_assets_tests.warehouse.support import HOLD_DATABASE, STRING, TENANT, Lab, OtherProcess, encoded, entity

SMALL = entity({"id": STRING, "name": STRING})
ENDLESS = "SELECT count(*) FROM range(1000000000000) a, range(1000000) b WHERE a.range % 7 = b.range % 11"


class Work:
    """Work in the stage's thread that records when it began and ended."""

    def __init__(self, work: Callable[[duckdb.DuckDBPyConnection], object]) -> None:
        self._work = work
        self.begun = threading.Event()
        self.ended = threading.Event()

    def __call__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self.begun.set()
        try:
            self._work(cursor)
        finally:
            self.ended.set()


async def cancelled(task: "asyncio.Task[None]", work: Work, times: int) -> None:
    assert await asyncio.to_thread(work.begun.wait, 10)
    for _ in range(times):
        task.cancel()
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("times", [1, 5], ids=["once", "again and again"])
def test_a_query_is_interrupted_and_its_thread_waited_for(lab: Lab, times: int) -> None:
    work = Work(lambda cursor: cursor.execute(ENDLESS))

    async def stopped() -> None:
        await cancelled(asyncio.create_task(lab.stage.run(work)), work, times)
        assert work.ended.is_set()

    lab.run(stopped())
    assert lab.query("SELECT 1") == [(1,)]


@pytest.mark.parametrize("times", [1, 5], ids=["once", "again and again"])
def test_a_pause_ends_at_once(lab: Lab, times: int) -> None:
    work = Work(lambda _: pause(60))

    async def stopped() -> None:
        await cancelled(asyncio.create_task(lab.stage.run(work)), work, times)
        assert work.ended.is_set()

    lab.run(stopped())


def test_a_pause_outside_of_a_run_is_a_pause() -> None:
    pause(0.001)


def test_the_wait_for_a_locked_database_ends_at_once(lab: Lab, database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = Target(str(database), "aad", lock_wait=60)

    def open_it(cursor: duckdb.DuckDBPyConnection) -> None:
        with target.transaction(cursor, TENANT):
            raise AssertionError("the database is locked")

    work = Work(open_it)
    waiting = threading.Event()

    def wait(_: float) -> None:
        waiting.set()
        pause(60)

    monkeypatch.setattr(target_module, "pause", wait)

    async def stopped() -> None:
        task = asyncio.create_task(lab.stage.run(work))
        assert await asyncio.to_thread(waiting.wait, 10)
        await cancelled(task, work, 1)
        assert work.ended.is_set()

    with OtherProcess(HOLD_DATABASE, str(database)) as other:
        assert other.line() == "held"
        lab.run(stopped())


@pytest.mark.parametrize("times", [0, 3], ids=["undisturbed", "cancelled itself"])
def test_abort_removes_what_was_spooled_and_what_waits_to_be_typed(make_lab: MakeLab, times: int) -> None:
    lab = make_lab(chunk=100)
    work = Work(lambda _: pause(60))

    async def stopped() -> None:
        staging = EntityStage(lab.stage, SMALL)
        blocker = asyncio.create_task(lab.stage.run(work))
        assert await asyncio.to_thread(work.begun.wait, 10)
        others = asyncio.all_tasks()
        full, begun = staging.part(), staging.part()
        rows = [encoded({"id": str(number)}) for number in range(50)]
        await full.add(rows)  # waits until the blocker has ended
        await begun.add(rows[:1])
        assert len(list(lab.folder.glob("things-*"))) == 2
        abort = asyncio.create_task(staging.abort())
        await asyncio.sleep(0)
        for _ in range(times):
            abort.cancel()
            await asyncio.sleep(0)
        await asyncio.gather(abort, return_exceptions=True)
        assert list(lab.folder.glob("things-*")) == []
        assert asyncio.all_tasks() <= others
        with pytest.raises(WarehouseError):
            await staging.finish()
        blocker.cancel()
        await asyncio.gather(blocker, return_exceptions=True)
        assert work.ended.is_set()

    lab.run(stopped())


@pytest.mark.parametrize("times", [0, 3], ids=["undisturbed", "cancelled itself"])
def test_abort_waits_for_the_chunk_that_is_being_typed(
    make_lab: MakeLab, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    lab = make_lab(chunk=100)
    begun, ended = threading.Event(), threading.Event()
    original = lab.stage.cursor

    @contextlib.contextmanager
    def cursor() -> Iterator[duckdb.DuckDBPyConnection]:
        with original() as made:
            begun.set()
            try:
                yield made
            finally:
                ended.set()

    monkeypatch.setattr(lab.stage, "cursor", cursor)
    monkeypatch.setattr("aad_assets.warehouse.staging.stage_part.copy_statement", lambda *_: ENDLESS)

    async def stopped() -> None:
        staging = EntityStage(lab.stage, SMALL)
        await staging.part().add([encoded({"id": str(number)}) for number in range(50)])
        assert await asyncio.to_thread(begun.wait, 10)
        abort = asyncio.create_task(staging.abort())
        await asyncio.sleep(0)
        for _ in range(times):
            abort.cancel()
            await asyncio.sleep(0)
        await asyncio.gather(abort, return_exceptions=True)
        assert ended.is_set()
        assert list(lab.folder.glob("things-*")) == []

    lab.run(stopped())


def test_an_interrupt_that_comes_too_late_does_no_harm(lab: Lab) -> None:
    with lab.stage.cursor() as cursor:
        cursor.close()
        lab.stage.interrupt()
