"""The meaning for people of errors of DuckDB and of the file system: no room on a disk, or too little memory.

DuckDB's text may quote rows. What is returned here never does.
"""

import errno
import os

import duckdb

_FULL = (*(os.strerror(number) for number in (errno.ENOSPC, errno.EDQUOT)), "max_temp_directory_size")
"""Parts of the text of an error that mean a full disk; the last is DuckDB's limit for its temporary files."""


def is_disk_full(error: Exception) -> bool:
    """Return whether a disk or a quota is full."""
    return any(text in str(error) for text in _FULL)


def is_out_of_memory(error: Exception) -> bool:
    """Return whether DuckDB needs more memory than its limit, or than the system has."""
    return isinstance(error, duckdb.OutOfMemoryException | MemoryError) and not is_disk_full(error)


def needs_memory(work: str, largest: tuple[int, str] | None = None) -> str:
    """Return the message that `work` needs more memory. `largest` has the bytes and the key of a large row."""
    row = f" The largest row, {largest[1]}, has {largest[0] / 1e6:,.0f} MB." if largest else ""
    return f"{work} needs more memory than the reload may use.{row} Set AAD_MEMORY_LIMIT to a larger amount, and reload."
