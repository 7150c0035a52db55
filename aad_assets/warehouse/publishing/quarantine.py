"""The rows of blocked loads: kept as Parquet files in a private folder for inspection, and removed after some days."""

import contextlib
import os
import time
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
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)  # fails when it belongs to another user
        create_file(path)
        # A temporary file that takes its place would have the mode of the process's umask.
        cursor.execute(f"COPY (FROM {relation}) TO {sql_string(str(path))} (FORMAT parquet, USE_TMP_FILE false)")
    except duckdb.InterruptException:
        raise
    except (OSError, duckdb.Error):
        with contextlib.suppress(OSError):
            path.unlink()
        return None
    return path


def remove_old(database: str, days: float = KEPT_DAYS) -> None:
    """Remove files older than `days`, and the folder once it is empty."""
    folder = quarantine_folder(database)
    with contextlib.suppress(OSError):
        if folder.stat().st_uid != os.getuid():
            return
        for path in folder.glob("*.parquet"):
            if path.stat().st_mtime < time.time() - days * 86_400:
                path.unlink(missing_ok=True)
        folder.rmdir()  # fails while files are left in it
