"""Child processes that end with their parent: Dagster with its services, or a command that a user names."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import Any

_GRACE_SECONDS = 30.0
"""Time for a stopped child to end. Dagster's services need a few seconds each."""


def materialize_command(select: str) -> list[str]:
    """Return the command that materialises what `select` selects.

    Dagster's warning that `dg launch` supersedes it is turned off: who types `aad-assets` cannot act on it.
    """
    quiet = "ignore:Function `asset_materialize_command` is superseded"
    return [
        sys.executable,
        "-W",
        quiet,
        "-m",
        "dagster",
        "asset",
        "materialize",
        "-m",
        "aad_assets.definitions",
        "--select",
        select,
    ]


def run_child(command: Sequence[str], on_line: Callable[[str], None] | None = None, **options: Any) -> int:
    """Run a command and return its exit code. If this process is stopped, stop the command and what it has started.

    `on_line` gets each line that the command writes to stdout or stderr. `options` are those of subprocess.Popen.
    """
    # A process group can be stopped as a whole. On a terminal the child stays in that of this process, because only the
    # foreground group may read from it, and Ctrl-C reaches every process in it.
    own_group = not (sys.stdin and sys.stdin.isatty())
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True} if on_line else {}
    with (
        stoppable(),
        subprocess.Popen(command, process_group=0 if own_group else None, **{**pipes, **options}) as process,
    ):
        try:
            if on_line and process.stdout:
                for line in process.stdout:
                    on_line(line)
            return process.wait()
        except BaseException as error:
            is_interrupt = isinstance(error, KeyboardInterrupt)
            if own_group or not is_interrupt:
                _send(process, signal.SIGINT if is_interrupt else signal.SIGTERM, own_group)
            try:
                process.wait(_GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
            finally:
                if own_group:
                    _send(process, signal.SIGKILL, own_group)
            raise


def _send(process: subprocess.Popen[Any], number: signal.Signals, to_group: bool) -> None:
    with contextlib.suppress(ProcessLookupError):
        if to_group:
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)


@contextlib.contextmanager
def stoppable() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end the block as SIGINT does, with SystemExit and the exit code of a shell.

    A script's background jobs inherit an ignored SIGINT, and Dagster copies that to SIGTERM, so that nothing would end them.
    A handler in this process, instead, is reset to the default in its children.
    """
    if threading.current_thread() is not threading.main_thread():  # Python sets handlers in the main thread only.
        yield
        return

    def stop(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    handlers: dict[signal.Signals, Any] = {signal.SIGTERM: stop, signal.SIGHUP: stop}
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        handlers[signal.SIGINT] = signal.default_int_handler
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
