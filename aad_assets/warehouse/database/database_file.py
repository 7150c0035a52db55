"""What is done with the database as a file: the serving copy, and shrinking. Not here: what is in it.

A copy is made while the target is held, so that it is of one moment, and put in its place by one rename: who has the old file
open goes on reading it.
"""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb

from aad_assets.errors import WarehouseError
from aad_assets.settings import is_file
from aad_assets.warehouse.database.sql import literal
from aad_assets.warehouse.database.target import ALIAS, Target
from aad_assets.warehouse.staging.workspace import private_files


def copy_for_serving(cursor: duckdb.DuckDBPyConnection, target: Target, path: str) -> None:
    """Replace the serving copy at `path` by the database as it is. A new one is its owner's alone; later ones keep its mode.

    Raises WarehouseError. Blocks: call it in a thread.
    """
    copy = Path(path)
    if not is_file(target.database) or Path(target.database) == copy:
        raise WarehouseError(
            f"AAD_SERVING_COPY is {path}, and AAD_DATABASE {target.shown}: a serving copy needs a database that is a file, "
            "and another path than that."
        )
    try:
        with target.exclusive(cursor), _replacing(copy) as new:
            shutil.copyfile(target.database, new)
            if copy.exists():
                shutil.copymode(copy, new)
    except OSError as error:
        raise WarehouseError(
            f"The serving copy {path} (AAD_SERVING_COPY) cannot be written: {error.strerror}. The tables are published; the "
            "copy is as it was."
        ) from None


def compact(cursor: duckdb.DuckDBPyConnection, target: Target) -> tuple[int, int]:
    """Write the database anew, without the room of what was deleted; returns its bytes before and after.

    Other targets than files look after themselves. Raises WarehouseError. Blocks: call it in a thread.
    """
    if not is_file(target.database):
        return 0, 0
    path = Path(target.database).resolve()  # a link stays one
    try:
        with target.exclusive(cursor), _replacing(path) as new:
            before = path.stat().st_size
            _write_anew(cursor, new, target)
            shutil.copymode(path, new)
        return before, path.stat().st_size
    except OSError as error:
        raise _not_shrunk(target, error.strerror or type(error).__name__) from None


def _write_anew(cursor: duckdb.DuckDBPyConnection, new: Path, target: Target) -> None:
    try:
        cursor.execute(f"ATTACH {literal(str(new))} AS shrunk")
        try:
            cursor.execute(f"COPY FROM DATABASE {ALIAS} TO shrunk")
            cursor.execute("CHECKPOINT shrunk")
        finally:
            with contextlib.suppress(duckdb.Error):  # after an error it has one of its own, which would hide that
                cursor.execute("DETACH shrunk")
    except duckdb.InterruptException:
        raise
    except duckdb.Error as error:
        raise _not_shrunk(target, str(error).splitlines()[0][:300]) from None


def _not_shrunk(target: Target, why: str) -> WarehouseError:
    return WarehouseError(
        f"The database {target.shown} cannot be written anew: {why}. What was pruned is gone, and the file has its old size. "
        "Shrinking needs as much room again on its disk: prune again when there is."
    )


def remove_unfinished(target: Target) -> None:
    """Remove what a prune that was killed had written so far. Call it with the target open: else it may be under way."""
    if is_file(target.database):
        with contextlib.suppress(OSError):
            _remove(_beside(Path(target.database).resolve()))


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.new")


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A new file beside `path`, its owner's alone, that takes its place at the end; nothing is left of it on an error."""
    new = _beside(path)
    _remove(new)
    try:
        with private_files():
            path.parent.mkdir(parents=True, exist_ok=True)
            yield new
        new.replace(path)
    finally:
        _remove(new)


def _remove(new: Path) -> None:
    for path in (new, new.with_name(f"{new.name}.wal")):
        path.unlink(missing_ok=True)
