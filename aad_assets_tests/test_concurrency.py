"""Concurrent coroutines: none outlives the others."""

import asyncio

import pytest

from aad_assets.concurrency import for_each, gather_or_cancel
from aad_assets_tests.fake_graph import run


def test_results_are_in_order() -> None:
    async def double(number: int) -> int:
        for _ in range(5 - number):
            await asyncio.sleep(0)
        return 2 * number

    assert run(gather_or_cancel(double(number) for number in range(5))) == [0, 2, 4, 6, 8]


class Forever:
    """Waits forever, takes a moment to clean up when cancelled, and records that it has ended."""

    def __init__(self) -> None:
        self.started = self.ended = 0

    async def __call__(self) -> None:
        self.started += 1
        try:
            await asyncio.Event().wait()
        finally:
            for _ in range(10):
                await asyncio.sleep(0)
            self.ended += 1


def test_the_first_error_cancels_the_others_waits_for_them_and_is_raised_unchanged() -> None:
    forever = Forever()

    async def fail() -> None:
        await asyncio.sleep(0)
        raise KeyError("the first")

    with pytest.raises(KeyError, match="the first"):
        run(gather_or_cancel([forever(), fail(), forever(), fail()]))
    assert forever.started == forever.ended == 2


def test_cancellation_from_outside_ends_them_all() -> None:
    forever = Forever()

    async def main() -> None:
        task = asyncio.create_task(gather_or_cancel([forever(), forever()]))
        while forever.started < 2:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert forever.ended == 2

    run(main())


@pytest.mark.parametrize("number", [0, 1, 3, 50])
def test_each_item_is_awaited_once_and_only_a_few_at_once(number: int) -> None:
    done: list[int] = []
    running = most = 0

    async def work(item: int) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        done.append(item)

    run(for_each(range(number), work, at_once=4))
    assert sorted(done) == list(range(number))
    assert most == min(number, 4)


def test_the_first_error_ends_the_work_on_all_items() -> None:
    started: list[int] = []

    async def work(item: int) -> None:
        started.append(item)
        await asyncio.sleep(0)
        if item == 5:
            raise KeyError("the sixth")

    with pytest.raises(KeyError, match="the sixth"):
        run(for_each(range(1_000), work, at_once=4))
    assert len(started) < 20
