"""Hunts for secrets in everything that a run leaves behind."""

import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path


def everything_in(folder: Path) -> dict[str, bytes]:
    """Return all files below as bytes, and the values in SQLite databases: their pages may split one, and Dagster
    compresses the snapshots of jobs, which hold the config of resources."""
    found = {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    for name, content in list(found.items()):
        if content.startswith(b"SQLite format 3"):
            found[f"{name} dumped"] = b"\n".join(_values(name))
    return found


def _values(database: str) -> Iterator[bytes]:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for row in connection.execute(f'SELECT * FROM "{table}"'):
                for value in row:
                    yield value if isinstance(value, bytes) else str(value).encode()
                    with suppress(zlib.error, TypeError):
                        yield zlib.decompress(value)
