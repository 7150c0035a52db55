"""Concurrent work that ends when it should: coroutines that never outlive each other, threads that stop on cancellation.

A thread cannot be cancelled from outside. It is asked to stop and waited for, because it must not outlive the files it uses.
"""

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from contextvars import ContextVar
from typing import Any, TypeVar

T = TypeVar("T")

_stopped: ContextVar[threading.Event | None] = ContextVar("stopped", default=None)


async def gather_or_cancel(coroutines: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Run all coroutines concurrently and return their results in order.

    The first error cancels the others, waits until they have ended, and is raised unchanged.
    """
    tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def for_each(items: Iterable[T], work: Callable[[T], Awaitable[None]], *, at_once: int = 8) -> None:
    """Await `work` for each item, a few at once. The first error cancels the others and is raised unchanged."""
    remaining = iter(items)

    async def run() -> None:
        for item in remaining:
            await work(item)

    await gather_or_cancel(run() for _ in range(at_once))


async def run_in_thread(work: Callable[[], T], interrupt: Callable[[], None]) -> T:
    """Run `work` in a thread. On cancellation, call `interrupt` repeatedly until the thread has ended."""
    stopped = threading.Event()

    def call() -> T:
        _stopped.set(stopped)
        return work()

    task = asyncio.create_task(asyncio.to_thread(call))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        stopped.set()
        while not task.done():
            interrupt()
            with contextlib.suppress(asyncio.CancelledError):  # A second cancellation waits as well.
                await asyncio.wait([task], timeout=0.1)
        _retrieve_exceptions([task])
        raise


def stopped_within(seconds: float) -> bool:
    """Sleep in a thread started by `run_in_thread`. Return True, and early, if the thread is asked to stop."""
    return (_stopped.get() or threading.Event()).wait(seconds)


async def wait_for_all(tasks: Iterable["asyncio.Task[Any]"]) -> None:
    """Wait until all cancelled tasks have ended, even when cancelled meanwhile."""
    tasks = list(tasks)
    cancelled = False
    while pending := [task for task in tasks if not task.done()]:
        try:
            await asyncio.wait(pending)
        except asyncio.CancelledError:
            cancelled = True
    _retrieve_exceptions(tasks)
    if cancelled:
        raise asyncio.CancelledError


def _retrieve_exceptions(tasks: Iterable["asyncio.Task[Any]"]) -> None:
    """Retrieve the exceptions of ended tasks: asyncio would log an unretrieved one, and its text may quote a row."""
    for task in tasks:
        if not task.cancelled():
            task.exception()
