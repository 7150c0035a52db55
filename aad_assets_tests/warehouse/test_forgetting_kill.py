"""A process that is killed at any moment while it forgets leaves a readable database, and the next attempt completes."""

import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.forgetting.forget import forget
from aad_assets_tests.warehouse.forgetting_support import PERSON, TITLE, TRACES, fill, leave_what_killed_runs_leave, traces
from aad_assets_tests.warehouse.support import REPOSITORY, Lab

FILES = ("entra.duckdb", "bi.duckdb")
WHAT: dict[str, dict[str, Any]] = {"person": {"person": PERSON}, "column": {"column": ("users", "jobTitle")}}
LEFT = {"person": TRACES, "column": (TITLE,)}

# SIGALRM, not handled, ends the process at once wherever it is: in Python, in DuckDB, in the kernel.
CHILD = """
import signal, sys, time
from pathlib import Path
from aad_assets_tests.warehouse import test_forgetting_kill as here

folder, what, delay = sys.argv[1:]
began = time.monotonic()
signal.setitimer(signal.ITIMER_REAL, float(delay))
here.forget_in(Path(folder), what)
signal.setitimer(signal.ITIMER_REAL, 0)
print(time.monotonic() - began)
"""


def forget_in(folder: Path, what: str) -> None:
    database, copy = (str(folder / name) for name in FILES)
    forget(Target(database, "aad"), serving_copy=copy, **WHAT[what])


def child(folder: Path, what: str, delay: float) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", CHILD, str(folder), what, str(delay)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=REPOSITORY, timeout=60)


def state(database: Path) -> dict[str, list[str]]:
    """Return the rows of every table as JSON."""
    with duckdb.connect(str(database), read_only=True) as connection:
        found = connection.execute("SELECT schema_name || '.' || table_name FROM duckdb_tables()").fetchall()
        rows = {name: connection.execute(f"SELECT to_json(t)::VARCHAR FROM {name} t").fetchall() for (name,) in found}
        return {name: sorted(text for (text,) in texts) for name, texts in rows.items()}


@pytest.fixture(scope="module")
def template(shared_lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template")
    fill(shared_lab, folder)
    return folder


@pytest.mark.parametrize("what", WHAT)
@pytest.mark.parametrize("kills", [1, pytest.param(100, marks=[pytest.mark.slow, pytest.mark.timeout(1200)])])
def test_a_kill_at_any_moment_leaves_nothing_that_a_second_attempt_does_not_remove(
    template: Path, tmp_path: Path, what: str, kills: int
) -> None:
    old = state(template / FILES[0])
    whole = shutil.copytree(template, tmp_path / "whole")
    duration = float(child(whole, what, 60).stdout)
    new = state(whole / FILES[0])
    assert (traces(template, LEFT[what]) != [], traces(whole, LEFT[what])) == (True, [])
    assert new != old

    chance = random.Random(kills)
    survived = 0
    for number in range(kills):
        folder = shutil.copytree(template, tmp_path / f"kill{number}")
        leave_what_killed_runs_leave(folder)
        ended = child(folder, what, chance.uniform(0.01, 1.0) * duration)
        if ended.returncode == 0:
            # The first measurement took longer, because the machine was busier.
            survived, duration = survived + 1, min(duration, float(ended.stdout))
        for name in FILES:
            assert state(folder / name) in (old, new), name
        forget_in(folder, what)
        assert traces(folder, LEFT[what]) == []
        for name in FILES:
            assert state(folder / name) == new, name
        shutil.rmtree(folder)
    assert survived <= max(kills / 2, 1)
