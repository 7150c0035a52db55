"""The rows of blocked loads: kept as Parquet files in a private folder for inspection, and removed after some days.

The folder lies beside the database, where others may be able to create files. So it is opened without following a link, and
its files are reached through its descriptor only.
"""

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb

from aad_assets.warehouse.database.private_files import create_file
from aad_assets.warehouse.database.sql import sql_string
from aad_assets.warehouse.staging.workspace import staging_folder

KEPT_DAYS = 14
"""Days after which a run removes the rows of a blocked load."""


def quarantine_folder(database: str) -> Path:
    """Return the folder that keeps the rows of blocked loads into `database`."""
    staging = staging_folder(database)
    return staging.with_name(f"{staging.name.removesuffix('.staging')}.blocked")


def quarantine(cursor: duckdb.DuckDBPyConnection, database: str, relation: str, name: str) -> Path | None:
    """Write `relation` to a file that only its owner may read. Return its path, or None when it cannot be written."""
    folder = quarantine_folder(database)
    path = folder / f"{name}.parquet"
    draft = _stage_folder(cursor) / path.name
    try:
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700, parents=True)
        with _opened(folder) as descriptor:
            # DuckDB writes to a path, which could lead elsewhere by then. So it writes into the stage's private folder, which
            # lies on the same disk.
            create_file(draft)
            # A temporary file that takes its place would have the mode of the process's umask.
            cursor.execute(f"COPY (FROM {relation}) TO {sql_string(str(draft))} (FORMAT parquet, USE_TMP_FILE false)")
            os.rename(draft, path.name, dst_dir_fd=descriptor)
    except duckdb.InterruptException:
        raise
    except (OSError, duckdb.Error):
        with contextlib.suppress(OSError):
            draft.unlink()
        return None
    return path


def remove_old(database: str, days: float = KEPT_DAYS) -> None:
    """Remove files older than `days`, and the folder once it is empty. A folder of another user, or a link, is left alone."""
    folder = quarantine_folder(database)
    with contextlib.suppress(OSError), _opened(folder) as descriptor:
        with os.scandir(descriptor) as entries:
            for entry in entries:
                changed_at = entry.stat(follow_symlinks=False).st_mtime
                if entry.name.endswith(".parquet") and changed_at < time.time() - days * 86_400:
                    os.unlink(entry.name, dir_fd=descriptor)
        folder.rmdir()  # fails while files are left in it, and for a link


@contextlib.contextmanager
def _opened(folder: Path) -> Iterator[int]:
    """Open the folder and make it private. Raises OSError if it is a link, or belongs to another user."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        if os.fstat(descriptor).st_uid != os.getuid():  # root may change the mode of any folder
            raise PermissionError
        os.fchmod(descriptor, 0o700)
        yield descriptor
    finally:
        os.close(descriptor)


def _stage_folder(cursor: duckdb.DuckDBPyConnection) -> Path:
    """Return the private folder of the stage that `cursor` belongs to."""
    row = cursor.execute("SELECT current_setting('temp_directory')").fetchone()
    assert row is not None
    return Path(row[0]).parent
