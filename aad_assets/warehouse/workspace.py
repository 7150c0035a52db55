"""The folder that a run stages in: made private, held while the process lives, cleaned up when it is dead.

The rows of a directory are personal data, so nobody else may read them. Not here: what is staged (`stage.py`).
"""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from aad_assets.settings import is_file

_HELD = "held"


def staging_folder(database: str) -> Path:
    """Where runs into `database` stage: beside a file, since there is its disk; else in the temporary folder."""
    if is_file(database):
        path = Path(database)
        return path.with_name(f".{path.name}.staging")
    return Path(tempfile.gettempdir()) / f"aad_assets-{os.getuid()}.staging"


@contextlib.contextmanager
def workspace(database: str) -> Iterator[Path]:
    """A private folder for one run, removed at the end. Folders of runs that were killed are removed first."""
    base = staging_folder(database)
    base.mkdir(mode=0o700, parents=True, exist_ok=True)
    _remove_abandoned(base)
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=base))
    with open(folder / _HELD, "wb") as held:
        # The kernel lets go of the lock when the process dies, in whatever way.
        fcntl.flock(held, fcntl.LOCK_EX)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            with contextlib.suppress(OSError):
                base.rmdir()  # fails while another run has its folder in it


def _remove_abandoned(base: Path) -> None:
    for folder in base.glob("run-*"):
        with contextlib.suppress(OSError), open(folder / _HELD, "rb") as held:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
