"""The private folder that a run stages in: locked while the process lives, and removed by the next run if it was killed.

The rows of a directory are personal data, so only their owner may read the folder.
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
    """Return the folder of all runs into `database`: beside a file, on its disk; otherwise in the temporary folder."""
    if is_file(database):
        path = Path(database)
        return path.with_name(f".{path.name}.staging")
    return Path(tempfile.gettempdir()) / f"aad_assets-{os.getuid()}.staging"


@contextlib.contextmanager
def workspace(database: str) -> Iterator[Path]:
    """Create a private folder for one run, and remove it at the end. Folders of killed runs are removed first.

    Raises WarehouseError when the folder cannot be created.
    """
    base = staging_folder(database)
    try:
        with _alone_in(base):
            _remove_abandoned(base)
            folder = Path(tempfile.mkdtemp(prefix="run-", dir=base))
            held = _hold(folder)
    except OSError as error:
        raise WarehouseError(
            f"Cannot stage rows in {base} ({error.strerror}). Make it writable, or set AAD_DATABASE to a file elsewhere."
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
    """Keep other runs from creating and removing folders in `base`."""
    while True:
        base.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(base, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if not _is(base, descriptor):
                continue  # another run has just removed it
            os.fchmod(descriptor, 0o700)  # fails when it belongs to somebody else
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
    """Lock the folder. The kernel releases the lock when the process ends, however it ends."""
    descriptor = os.open(folder / _HELD, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def _remove_abandoned(base: Path) -> None:
    for folder in base.glob("run-*"):
        try:
            with open(folder / _HELD, "rb") as held:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            pass  # killed before it locked its folder
        except OSError:
            continue
        shutil.rmtree(folder, ignore_errors=True)
