"""The rows of loads that a gate held back: kept as Parquet for inspection, in a private folder, and removed by age.

Not here: the gates (`gate.py`), the folder of a run under way (`workspace.py`).
"""

import contextlib
import os
import time
from pathlib import Path

import duckdb

from aad_assets.warehouse.database.sql import literal
from aad_assets.warehouse.staging.workspace import private_files, staging_folder

KEPT_DAYS = 14


def blocked_folder(database: str) -> Path:
    """Where the rows of blocked loads into `database` are kept."""
    staging = staging_folder(database)
    return staging.with_name(f"{staging.name.removesuffix('.staging')}.blocked")


def keep(cursor: duckdb.DuckDBPyConnection, database: str, relation: str, name: str) -> Path | None:
    """Write `relation` to a file that its owner alone can read; returns its path, None when there is no place for it."""
    folder = blocked_folder(database)
    path = folder / f"{name}.parquet"
    try:
        with private_files():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)  # fails when it is someone else's
            cursor.execute(f"COPY (FROM {relation}) TO {literal(str(path))} (FORMAT parquet)")
    except duckdb.InterruptException:
        raise
    except (OSError, duckdb.Error):
        with contextlib.suppress(OSError):
            path.unlink()
        return None
    return path


def remove_old(database: str, days: float = KEPT_DAYS) -> None:
    """Remove files older than `days`."""
    folder = blocked_folder(database)
    with contextlib.suppress(OSError):
        if folder.stat().st_uid != os.getuid():
            return
        for path in folder.glob("*.parquet"):
            if path.stat().st_mtime < time.time() - days * 86_400:
                path.unlink(missing_ok=True)
        folder.rmdir()  # fails while there is something in it
