"""The output of commands, without control characters, whatever the text came from."""

import contextlib
import io
import sys
from collections.abc import Iterator
from typing import TextIO

from aad_assets.untrusted import printable_lines


class PrintableOutput(io.TextIOBase):
    """A stream that removes control characters from what is written to another stream."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write the text without control characters, and return its length."""
        self._stream.write(printable_lines(text))
        return len(text)

    def flush(self) -> None:
        """Flush the stream."""
        self._stream.flush()

    def fileno(self) -> int:
        """Return the file descriptor of the stream."""
        return self._stream.fileno()

    def isatty(self) -> bool:
        """Return whether the stream is a terminal."""
        return self._stream.isatty()


@contextlib.contextmanager
def printable_output() -> Iterator[None]:
    """Remove control characters from everything that is printed meanwhile."""
    with (
        contextlib.redirect_stdout(PrintableOutput(sys.stdout)),
        contextlib.redirect_stderr(PrintableOutput(sys.stderr)),
    ):
        yield
