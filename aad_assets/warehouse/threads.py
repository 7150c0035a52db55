"""Blocking work in threads that ends when the run is cancelled. Not here: what the work is.

A thread cannot be cancelled. It is told to stop, and waited for: it must not outlive the files that it works on.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import Any, TypeVar

import duckdb

T = TypeVar("T")

_stopped: ContextVar[threading.Event | None] = ContextVar("stopped", default=None)


async def in_thread(work: Callable[[], T], interrupt: Callable[[], None]) -> T:
    """`work` in a thread. When cancelled, `interrupt` is called until the thread has ended."""
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
            with contextlib.suppress(asyncio.CancelledError):  # who cancels twice waits all the same
                await asyncio.wait([task], timeout=0.1)
        _see([task])
        raise


def pause(seconds: float) -> None:
    """Wait inside such a thread. Raises duckdb.InterruptException as soon as the run is cancelled."""
    if (_stopped.get() or threading.Event()).wait(seconds):
        raise duckdb.InterruptException("the run was cancelled")


async def all_ended(tasks: Iterable["asyncio.Task[Any]"]) -> None:
    """Wait for cancelled tasks, also when cancelled meanwhile."""
    tasks = list(tasks)
    cancelled = False
    while pending := [task for task in tasks if not task.done()]:
        try:
            await asyncio.wait(pending)
        except asyncio.CancelledError:
            cancelled = True
    _see(tasks)
    if cancelled:
        raise asyncio.CancelledError


def _see(tasks: Iterable["asyncio.Task[Any]"]) -> None:
    """An exception that nobody has looked at would be logged, and its text may quote a row."""
    for task in tasks:
        if not task.cancelled():
            task.exception()
