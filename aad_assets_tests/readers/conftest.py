"""The databases of several days, made once for all tests here, by whichever process comes first."""

import fcntl
import os
import pickle
from pathlib import Path

import pytest

from aad_assets_tests.readers.days import Days, build


@pytest.fixture(scope="session")
def days(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Days:
    """Return the databases in the folder ENTRA_TEST_DAYS, or in one that the processes of this test run share."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent
    folder = Path(os.environ.get("ENTRA_TEST_DAYS") or shared / "days")
    folder.mkdir(parents=True, exist_ok=True)
    made = folder / "days.pickle"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            built = build(folder)
            made.write_bytes(pickle.dumps(built))
            return built
    found: Days = pickle.loads(made.read_bytes())
    return found
