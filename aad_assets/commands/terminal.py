"""Reading what is pasted: long lines whole, and none of it shown.

A terminal that edits lines cuts them at 1,024 or 4,096 characters, and codes with their addresses are longer. Not a command.
"""

import os
import termios
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def unechoed(descriptor: int) -> Iterator[None]:
    """A terminal hands over what is typed at once and without showing it; anything else is left as it is."""
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
    """Lines until the end, or Ctrl-D. Past Python's own buffers, whose locks a waiting thread would hold at exit."""
    rest = b""
    while chunk := os.read(descriptor, 65_536):
        *whole, rest = (rest + chunk).replace(b"\x04", b"\n\x04").split(b"\n")
        yield from (line.decode("utf-8", "replace").strip() for line in whole)
        if rest.startswith(b"\x04"):
            return
    if rest:
        yield rest.decode("utf-8", "replace").strip()
