"""The memory that one reload may use, and DuckDB's part of it."""

import contextlib
import ctypes
import math
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb

_MOST = 800 * 10**6
"""Bytes that a reload takes without a setting, however large the machine is."""

_SHARE = 0.9
"""The part of a container's or a machine's memory that a reload takes without a setting."""

_PYTHON = 250 * 10**6
"""Bytes that Python takes, with Dagster and the pages of the requests at work."""

_COUNTED = 0.8
"""The part of its memory that DuckDB counts: its allocator and its readers take more."""

_LEAST = 100 * 10**6
"""Bytes without which DuckDB cannot type a page."""

_JOINED = 4
"""One in so many parts of DuckDB's memory is for rows that are joined by their whole width; the join copies them."""

_UNITS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s?([kmgt]?)(i?)b?(?:ytes)?", re.IGNORECASE)


def parse(amount: str) -> int:
    """Return the bytes that `800MB`, `512 MiB` or `0 bytes` means. Raises ValueError."""
    found = _AMOUNT.fullmatch(amount.strip())
    if found is None:
        raise ValueError(f"{amount!r} is not an amount of memory")
    return int(float(found[1]) * (1024 if found[3] else 1000) ** _UNITS[found[2].lower()])


def reload_memory(setting: str) -> int:
    """Return the bytes that one reload may use, by the text of AAD_MEMORY_LIMIT; empty: what the machine allows."""
    return parse(setting) if setting else min(_MOST, int(_SHARE * _available()))


def duckdb_memory(setting: str) -> int:
    """Return the bytes of them that DuckDB may count."""
    return max(_LEAST, int(_COUNTED * (reload_memory(setting) - _PYTHON)))


def working_part(cursor: duckdb.DuckDBPyConnection) -> float:
    """Return how many bytes of rows DuckDB can join by their whole width."""
    row = cursor.execute("SELECT current_setting('memory_limit')").fetchone()
    assert row is not None
    return parse(row[0]) / _JOINED


def slices_for(cursor: duckdb.DuckDBPyConnection, size: float) -> int:
    """Return into how many slices rows of `size` bytes in all must be cut to be joined by their whole width."""
    return max(1, math.ceil(size / working_part(cursor)))


def give_back() -> None:
    """Give memory that the C library keeps for later back to the system: 140 MB after writing a million rows by slice."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # another C library than glibc
            ctypes.CDLL(None).malloc_trim(0)


def _available() -> int:
    """Return the memory of the machine, or of the smallest control group that contains this process."""
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min([machine, *_control_groups()])


def _control_groups(groups: Path = Path("/proc/self/cgroup"), root: Path = Path("/sys/fs/cgroup")) -> Iterator[int]:
    """Yield the limits of the control groups (versions 1 and 2) that contain this process, in bytes."""
    try:
        lines = groups.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        base, name = (root / "memory", "memory.limit_in_bytes") if controllers else (root, "memory.max")
        folder = base / path.lstrip("/")
        # Inside a container the path may be that of the host, which does not exist; the limit is then in `base` itself.
        for each in (folder, *folder.parents):
            if each.is_relative_to(base):
                try:
                    yield int((each / name).read_text())
                except (OSError, ValueError):  # it does not exist, or the limit is `max`
                    continue
