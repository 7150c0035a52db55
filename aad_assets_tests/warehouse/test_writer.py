"""The single writer: the order of transactions, and how long the database stays attached."""

import asyncio
import threading
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from aad_assets.errors import WarehouseError
from aad_assets.warehouse import writer as writer_module
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.writer import Writer
from aad_assets_tests.warehouse.support import HOLD_DATABASE, TENANT, Lab, OtherProcess

Work = Callable[[duckdb.DuckDBPyConnection], None]


@pytest.fixture
def attaches(target: Target, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record when the database is attached and released, in order."""
    happened: list[str] = []
    attach, release = target._attach, target.release

    def attaching(cursor: duckdb.DuckDBPyConnection) -> None:
        happened.append("attach")
        attach(cursor)

    def releasing(cursor: duckdb.DuckDBPyConnection) -> None:
        if target.attached_seconds is not None:
            happened.append("release")
        release(cursor)

    monkeypatch.setattr(target, "_attach", attaching)
    monkeypatch.setattr(target, "release", releasing)
    return happened


def transaction(target: Target, done: list[int] | None = None, number: int = 0) -> Work:
    def work(cursor: duckdb.DuckDBPyConnection) -> None:
        with target.transaction(cursor, TENANT):
            if done is not None:
                done.append(number)

    return work


def test_transactions_that_are_ready_together_share_one_attachment_in_their_order(
    lab: Lab, target: Target, attaches: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "LONGEST_BURST", 600.0)
    done: list[int] = []

    async def main() -> None:
        writer = Writer(lab.stage, target)
        await asyncio.gather(*(writer.run(transaction(target, done, number)) for number in range(20)))
        assert target.attached_seconds is None, "nobody is waiting"
        await writer.close()

    lab.run(main())
    assert done == list(range(20))
    assert attaches == ["attach", "release"]


def test_the_database_is_detached_between_transactions_once_the_burst_is_long_enough(
    lab: Lab, target: Target, attaches: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "LONGEST_BURST", 0.0)

    async def main() -> None:
        writer = Writer(lab.stage, target)
        await asyncio.gather(*(writer.run(transaction(target)) for _ in range(3)))
        await writer.close()

    lab.run(main())
    assert attaches == ["attach", "release"] * 3


def test_the_database_is_detached_in_time_while_the_next_transaction_waits_for_the_stage(
    lab: Lab, target: Target, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Typing a large chunk occupies the stage for longer than another process should wait."""
    monkeypatch.setattr(writer_module, "LONGEST_BURST", 0.1)
    typing, typed, released = threading.Event(), threading.Event(), threading.Event()
    release = target.release

    def releasing(cursor: duckdb.DuckDBPyConnection) -> None:
        release(cursor)
        released.set()

    monkeypatch.setattr(target, "release", releasing)

    def type_chunk(cursor: duckdb.DuckDBPyConnection) -> None:
        typing.set()
        assert typed.wait(60)

    async def main() -> None:
        writer = Writer(lab.stage, target)
        first = asyncio.create_task(writer.run(transaction(target)))
        chunk = asyncio.create_task(lab.stage.run(type_chunk))
        second = asyncio.create_task(writer.run(transaction(target)))
        await first
        assert await asyncio.to_thread(typing.wait, 60)
        assert await asyncio.to_thread(released.wait, 60)
        with OtherProcess(HOLD_DATABASE, str(database)) as other:
            assert await asyncio.to_thread(other.line) == "held"
            other.go_on()
        typed.set()
        await asyncio.gather(chunk, second)
        await writer.close()

    lab.run(main())


def test_a_transaction_that_fails_costs_no_other(lab: Lab, target: Target, attaches: list[str]) -> None:
    def fail(cursor: duckdb.DuckDBPyConnection) -> None:
        with target.transaction(cursor, TENANT):
            raise WarehouseError("full")

    async def main() -> list[BaseException | None]:
        writer = Writer(lab.stage, target)
        works = [transaction(target), fail, transaction(target)]
        found = await asyncio.gather(*map(writer.run, works), return_exceptions=True)
        await writer.close()
        return found

    first, failed, last = lab.run(main())
    assert (first, last) == (None, None)
    assert isinstance(failed, WarehouseError)
    assert attaches == ["attach", "release"] * 2


def test_a_transaction_that_was_cancelled_while_it_waited_is_not_run(lab: Lab, target: Target) -> None:
    done: list[int] = []

    async def main() -> None:
        writer = Writer(lab.stage, target)
        first = asyncio.create_task(writer.run(transaction(target, done, 1)))
        second = asyncio.create_task(writer.run(transaction(target, done, 2)))
        third = asyncio.create_task(writer.run(transaction(target, done, 3)))
        await asyncio.sleep(0)
        second.cancel()
        await asyncio.gather(first, second, third, return_exceptions=True)
        assert target.attached_seconds is None
        await writer.close()

    lab.run(main())
    assert done == [1, 3]


def test_a_transaction_that_is_cancelled_under_way_frees_the_database_and_its_turn(lab: Lab, target: Target) -> None:
    begun = threading.Event()

    def endless(cursor: duckdb.DuckDBPyConnection) -> None:
        with target.transaction(cursor, TENANT):
            begun.set()
            cursor.execute("SELECT count(*) FROM range(1000000000000) a, range(1000000) b WHERE a.range % 7 = b.range % 11")

    async def main() -> None:
        writer = Writer(lab.stage, target)
        running = asyncio.create_task(writer.run(endless))
        assert await asyncio.to_thread(begun.wait, 60)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert target.attached_seconds is None
        await asyncio.wait_for(writer.run(transaction(target)), 60)
        await writer.close()

    lab.run(main())


def test_a_locked_database_is_waited_for_once_by_all_that_is_ready(lab: Lab, database: Path) -> None:
    target = Target(str(database), "aad", lock_wait=1.0)

    async def main() -> list[BaseException | None]:
        writer = Writer(lab.stage, target)
        found = await asyncio.gather(*(writer.run(transaction(target)) for _ in range(30)), return_exceptions=True)
        await writer.close()
        return found

    with OtherProcess(HOLD_DATABASE, str(database)) as other:
        assert other.line() == "held"
        began = time.monotonic()
        found = lab.run(main())
    assert all(isinstance(error, WarehouseError) and f"process {other.process.pid}" in str(error) for error in found)
    assert time.monotonic() - began < 15


def test_a_closed_writer_leaves_the_target_as_it_was(lab: Lab, target: Target) -> None:
    async def main() -> None:
        writer = Writer(lab.stage, target)
        await writer.run(transaction(target))
        await writer.close()

    lab.run(main())
    with lab.stage.cursor() as cursor:
        transaction(target)(cursor)
    assert target.attached_seconds is None
