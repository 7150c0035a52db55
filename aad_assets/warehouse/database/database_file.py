"""The database as a file: the serving copy, and compaction.

Both are written while the target is attached exclusively, so that they are consistent. They replace the old file by a rename,
and processes that have the old file open can still read it.
"""

import contextlib
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import duckdb

from aad_assets.errors import WarehouseError
from aad_assets.settings import is_file
from aad_assets.warehouse.database.failures import is_out_of_memory, needs_memory
from aad_assets.warehouse.database.sql import ALIAS, sql_string
from aad_assets.warehouse.database.target import Target


def copy_for_serving(cursor: duckdb.DuckDBPyConnection, target: Target, path: str) -> None:
    """Replace the serving copy at `path` with the current database. A new copy has mode 0600; later ones keep its mode.

    Raises WarehouseError. Blocks: call it in a thread.
    """
    copy = Path(path)
    if not is_file(target.database) or Path(target.database) == copy:
        raise WarehouseError(
            f"AAD_SERVING_COPY ({path}) must be another path than AAD_DATABASE ({target.display_name}), which must be a "
            "file. Set it to a file of its own, or leave it out."
        )
    try:
        with target.exclusive(cursor), _replacing(copy) as new:
            shutil.copyfile(target.database, new)
    except OSError as error:
        raise WarehouseError(
            f"Cannot write the serving copy {path} (AAD_SERVING_COPY): {error.strerror}. The tables are published, "
            "and the copy is unchanged. Check the path and free disk space, and reload."
        ) from None


def compact(cursor: duckdb.DuckDBPyConnection, target: Target) -> tuple[int, int]:
    """Rewrite the database file without the space of deleted rows; return its size in bytes before and after.

    Return (0, 0) for targets other than a file. Raises WarehouseError. Blocks: call it in a thread.
    """
    if not is_file(target.database):
        return 0, 0
    path = Path(target.database).resolve()  # a link stays a link
    try:
        with target.exclusive(cursor), _replacing(path) as new:
            before = path.stat().st_size
            _write_compacted(cursor, new, target)
        return before, path.stat().st_size
    except OSError as error:
        raise _not_compacted(target, error.strerror or type(error).__name__) from None


def _write_compacted(cursor: duckdb.DuckDBPyConnection, new: Path, target: Target) -> None:
    try:
        cursor.execute(f"ATTACH {sql_string(str(new))} AS compacted")
        try:
            cursor.execute(f"COPY FROM DATABASE {ALIAS} TO compacted")
            cursor.execute("CHECKPOINT compacted")
        finally:
            with contextlib.suppress(duckdb.Error):  # after an error DETACH raises one of its own, which would hide it
                cursor.execute("DETACH compacted")
    except duckdb.InterruptException:
        raise
    except duckdb.Error as error:
        if is_out_of_memory(error):
            raise WarehouseError(needs_memory(f"Compacting the database {target.display_name}")) from None
        raise _not_compacted(target, str(error).splitlines()[0][:300]) from None


def _not_compacted(target: Target, why: str) -> WarehouseError:
    return WarehouseError(
        f"Cannot compact the database {target.display_name}: {why}. The old versions and changes are deleted, but the file "
        "has its old size. Compaction needs as much free disk space as the file takes. Free some space, and prune again."
    )


def remove_unfinished(path: str) -> None:
    """Remove what a killed compaction of the database `path`, or copy to it, has left. Do nothing for other targets.

    Call it while no other process has the database.
    """
    if is_file(path):
        with contextlib.suppress(OSError):
            _remove(_folder_beside(Path(path).resolve()))


def _folder_beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.new")


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """Yield the path of a new file that takes the place of `path` at the end; leave nothing behind on an error.

    It is written in a private folder, and gets the mode of the file it replaces, or 0600.
    """
    folder = _folder_beside(path)
    _remove(folder)
    try:
        folder.mkdir(mode=0o700, parents=True)
        new = folder / path.name
        yield new
        new.chmod(stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o600)
        new.replace(path)
    finally:
        _remove(folder)


def _remove(folder: Path) -> None:
    """Remove what is left of an earlier attempt; the first release wrote files beside the database instead of a folder."""
    shutil.rmtree(folder, ignore_errors=True)
    for path in (folder, folder.with_name(f"{folder.name}.wal")):
        path.unlink(missing_ok=True)
