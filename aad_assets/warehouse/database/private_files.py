"""Files that only their owner may read, created with their final mode: the rows of a directory are personal data.

DuckDB creates files with the process's umask, which all threads share and which must not change. So the files exist before
DuckDB writes to them: a new database is created in a private folder and then linked to its name, and an empty log (`.wal`) is
created before each transaction. DuckDB 1.5 and 2.0 append to it.
"""

import contextlib
import os
import tempfile
from pathlib import Path

import duckdb

from aad_assets.warehouse.database.sql import sql_string


def create_file(path: Path) -> None:
    """Create an empty file with mode 0600. Raises FileExistsError when the file exists."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def create_database(database: str, cursor: duckdb.DuckDBPyConnection) -> None:
    """Create an empty database with mode 0600, and its folder, if they do not exist.

    Two processes that create it at once end up with the same one. Raises OSError and duckdb.Error.
    """
    path = Path(database).resolve()  # a link stays a link
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
        new = Path(folder) / "new.duckdb"
        cursor.execute(f"ATTACH {sql_string(str(new))} AS new_database")
        cursor.execute("DETACH new_database")
        new.chmod(0o600)
        with contextlib.suppress(FileExistsError):  # another process was faster
            try:
                os.link(new, path)
            except PermissionError:  # a file system without hard links
                new.rename(path)


def create_log(database: str) -> None:
    """Create the log that the next transaction writes to, unless it exists."""
    with contextlib.suppress(FileExistsError):
        create_file(_log(database))


def remove_empty_log(database: str) -> None:
    """Remove a log that no transaction has written to. Call it while the database is still attached."""
    with contextlib.suppress(OSError):
        if not _log(database).stat().st_size:
            _log(database).unlink()


def _log(database: str) -> Path:
    path = Path(database).resolve()  # DuckDB writes it beside the file that a link points to
    return path.with_name(f"{path.name}.wal")
