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

from aad_assets.errors import WarehouseError
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
    """A private folder for one run, removed at the end. Folders of runs that were killed are removed first.

    Raises WarehouseError when there is no place for it.
    """
    base = staging_folder(database)
    try:
        with _alone_in(base):
            _remove_abandoned(base)
            folder = Path(tempfile.mkdtemp(prefix="run-", dir=base))
            held = _hold(folder)
    except OSError as error:
        raise WarehouseError(
            f"cannot stage in {base} ({error.strerror}): make it writable, or set AAD_DATABASE to a file elsewhere."
        ) from None
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(held)
        with contextlib.suppress(OSError), _alone_in(base):
            base.rmdir()  # fails while another run has its folder in it


@contextlib.contextmanager
def _alone_in(base: Path) -> Iterator[None]:
    """No other run makes or removes folders in `base` meanwhile."""
    while True:
        base.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(base, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if not _is(base, descriptor):
                continue  # another run has just removed it
            os.fchmod(descriptor, 0o700)  # fails when it is someone else's
            yield
            return
        finally:
            os.close(descriptor)


def _is(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _hold(folder: Path) -> int:
    """The kernel lets go of the lock when the process dies, in whatever way."""
    descriptor = os.open(folder / _HELD, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def _remove_abandoned(base: Path) -> None:
    for folder in base.glob("run-*"):
        try:
            with open(folder / _HELD, "rb") as held:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            pass  # killed before it held its folder
        except OSError:
            continue
        shutil.rmtree(folder, ignore_errors=True)
