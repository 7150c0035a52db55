"""Rows that wait until everything about their parent has arrived, in a private file without a name."""

import contextlib
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

import msgspec

from aad_assets.errors import WarehouseError

_IN_MEMORY = 2 * 2**20
"""Bytes that wait in memory. More of them wait on the disk."""

_SLICE = 2**20
"""Bytes of rows that are written, and read again, at once; more only for a single row that is larger."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[bytes]).decode

Slice = tuple[int, int]
"""Where some rows are in the file: offset and size in bytes."""


class Spool:
    """Rows in slices, which can be read in any order. Use it as a context manager. Methods raise WarehouseError."""

    def __init__(self, folder: Path | None = None) -> None:
        """`folder` is where the file is created once it outgrows memory; by default where temporary files are."""
        self._folder = folder
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY, dir=str(folder) if folder else None)  # noqa: SIM115
        self._end = 0
        self._held = 0

    def __enter__(self) -> "Spool":
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):  # What it could not write is not needed.
            self._file.close()

    def write(self, rows: Iterable[bytes]) -> list[Slice]:
        """Append rows, and return their slices."""
        slices, waiting, size = list[Slice](), list[bytes](), 0
        for row in rows:
            waiting.append(row)
            size += len(row)
            if size >= _SLICE:
                slices.append(self._append(waiting))
                waiting, size = [], 0
        return [*slices, self._append(waiting)] if waiting else slices

    def _append(self, rows: list[bytes]) -> Slice:
        data = _encode(rows)
        with self._file_access():
            self._file.seek(self._end)
            self._file.write(data)
        found = (self._end, len(data))
        self._end += len(data)
        self._held += 1
        return found

    def read(self, where: Slice) -> list[bytes]:
        """Return the rows of a slice."""
        offset, size = where
        with self._file_access():
            self._file.seek(offset)
            return _decode(self._file.read(size))

    def release(self, slices: Iterable[Slice]) -> None:
        """Drop rows. The file starts again from its beginning when none are left."""
        self._held -= sum(1 for _ in slices)
        if not self._held:
            with self._file_access():
                self._file.seek(0)
                self._file.truncate()
            self._end = 0

    @contextlib.contextmanager
    def _file_access(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise WarehouseError(
                f"the rows could not be staged in {self._folder or tempfile.gettempdir()} "
                f"({error.strerror or type(error).__name__}); nothing is published. Check free disk space there."
            ) from None
