"""The product in a process of its own, so that its memory is measured without the truth and the checks."""

import multiprocessing
import resource
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from aad_assets.catalog import CATALOG
from aad_assets.errors import AadAssetsError
from aad_assets.reload import Outcome, Reload
from aad_assets.settings import Connection
from aad_assets.warehouse.database.target import Target


@dataclass(frozen=True)
class Ended:
    """How the load of one table ended."""

    status: str
    reason: str | None
    load_id: str
    refused_parents: int


@dataclass(frozen=True)
class Memory:
    """Bytes of the process: the most so far, and now."""

    peak: int
    now: int


class Product:
    """One process that reloads again and again, as a code location of Dagster does."""

    def __init__(self) -> None:
        self._pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._pool.shutdown(cancel_futures=True)

    def reload(
        self, connection: Connection, database: Path, tables: Sequence[str], seconds: float
    ) -> tuple[dict[str, Ended], Memory]:
        """Load `tables`. Raises TimeoutError if that takes longer than `seconds`, and what a defect raises."""
        return self._pool.submit(_reload, connection, str(database), tables).result(seconds)


def _reload(connection: Connection, database: str, tables: Sequence[str]) -> tuple[dict[str, Ended], Memory]:
    reload = Reload(connection, Target(database, "aad"), [CATALOG[table] for table in tables])
    ended = {}
    try:
        with closing(reload.outcomes()) as outcomes:
            for outcome in outcomes:
                if isinstance(outcome, Outcome):
                    load = outcome.load
                    ended[outcome.entity.table] = Ended(load.status, load.reason, load.load_id, load.refused_parents)
    except AadAssetsError as error:  # Graph could not be reached at all, and nothing was read
        ended = {table: Ended("failed", str(error), "", 0) for table in tables}
    unit = 1 if sys.platform == "darwin" else 1024
    return ended, Memory(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit, _resident())


def _resident() -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:  # another system than Linux
        return 0
    return pages * resource.getpagesize()
