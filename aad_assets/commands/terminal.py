"""Pasted lines: read completely, however long, and without echo.

A terminal in line mode cuts lines at 1,024 or 4,096 characters, and redirected addresses with a code are longer.
"""

import os
import termios
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def unechoed(descriptor: int) -> Iterator[None]:
    """Turn off echo and line mode if the descriptor is a terminal, and restore them at the end."""
    if not os.isatty(descriptor):
        yield
        return
    before = termios.tcgetattr(descriptor)
    raw = termios.tcgetattr(descriptor)
    raw[3] &= ~(termios.ICANON | termios.ECHO)
    termios.tcsetattr(descriptor, termios.TCSADRAIN, raw)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def lines(descriptor: int) -> Iterator[str]:
    """Yield lines until the end of input or Ctrl-D.

    Reads without Python's buffers because a thread that waits in them would hold their locks at exit.
    """
    rest = b""
    while chunk := os.read(descriptor, 65_536):
        *whole, rest = (rest + chunk).replace(b"\x04", b"\n\x04").split(b"\n")
        yield from (line.decode("utf-8", "replace").strip() for line in whole)
        if rest.startswith(b"\x04"):
            return
    if rest:
        yield rest.decode("utf-8", "replace").strip()
