"""A run of a log that is killed at any moment leaves whole days, also if a day is read in hours, and the next run works."""

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from aad_assets.warehouse.database.target import Target
from aad_assets_tests.reload.fake_log import FakeLog
from aad_assets_tests.reload.fake_reload import NOW, FakeReload
from aad_assets_tests.warehouse.support import REPOSITORY, Lab

LOG = "sign_ins"
DAYS = [NOW.date() - timedelta(days=number) for number in (3, 2, 1)]

# SIGALRM, not handled, ends the process at once wherever it is: in Python, in DuckDB, in the kernel.
CHILD = """
import signal, sys
from pathlib import Path
from aad_assets_tests.reload import test_log_kill as here
from aad_assets_tests.warehouse.support import Lab

database, staging, delay = sys.argv[1:]
reload = here.reload_of(Lab(Path(staging)), Path(database))
signal.setitimer(signal.ITIMER_REAL, float(delay))
outcome = reload(here.LOG)[here.LOG]
signal.setitimer(signal.ITIMER_REAL, 0)
assert outcome.load.status == "published", outcome.reason
"""


def log() -> FakeLog:
    """Three whole days of 60 events; those of the middle one break off, and come in hours only."""
    made = FakeLog(breaks_after=lambda span: 20 if span.hours == 24 and span.begin.date() == DAYS[1] else None)
    for day in DAYS:
        for number in range(60):
            made.add(f"{day}-{number:02}", f"{day}T{number % 24:02}:{number:02}:00")
    return made


def reload_of(lab: Lab, database: Path) -> FakeReload:
    made = FakeReload(lab, Target(str(database), "aad"), first_log_days=len(DAYS))
    made.graph.handler = log()
    return made


def child(database: Path, delay: float) -> subprocess.CompletedProcess[str]:
    staging = database.parent / "staging"
    staging.mkdir(parents=True)
    command = [sys.executable, "-c", CHILD, str(database), str(staging), str(delay)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=REPOSITORY, timeout=60)


def days(database: Path) -> tuple[dict[str, int], dict[str, bool]]:
    """Return the number of rows by day, and whether each recorded day is whole."""
    with duckdb.connect(str(database), read_only=True) as connection:
        if not connection.execute("FROM duckdb_tables() WHERE table_name = 'log_days'").fetchone():
            return {}, {}
        recorded = dict(connection.execute("SELECT day::VARCHAR, whole FROM aad_meta.log_days").fetchall())
        if not connection.execute(f"FROM duckdb_tables() WHERE table_name = '{LOG}'").fetchone():
            return {}, recorded
        rows = connection.execute(f"SELECT id[:10], count(*) FROM aad.{LOG} GROUP BY ALL").fetchall()
        return dict(rows), recorded


@pytest.mark.parametrize("kills", [1, pytest.param(100, marks=[pytest.mark.slow, pytest.mark.timeout(1200)])])
def test_a_kill_at_any_moment_leaves_whole_days(lab: Lab, tmp_path: Path, kills: int) -> None:
    began = time.monotonic()
    assert reload_of(lab, tmp_path / "whole" / "entra.duckdb")(LOG)[LOG].load.status == "published"
    duration = time.monotonic() - began
    complete = {str(day): 60 for day in DAYS}
    whole = {str(day): True for day in DAYS} | {str(NOW.date()): False}
    assert days(tmp_path / "whole" / "entra.duckdb") == (complete, whole)

    chance = random.Random(kills)
    survived = 0
    for number in range(kills):
        database = tmp_path / f"kill{number}" / "entra.duckdb"
        survived += child(database, chance.uniform(0.1, 0.9) * duration).returncode == 0
        if database.exists():
            rows, recorded = days(database)
            assert rows == {day: 60 for day in recorded if day != str(NOW.date())}, "each recorded day, and no other"
            assert recorded.items() <= whole.items()
        assert reload_of(lab, database)(LOG)[LOG].load.status == "published"
        assert days(database) == (complete, whole)
    assert survived <= max(kills / 2, 1)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    (tmp_path / "lab").mkdir()
    lab = Lab(tmp_path / "lab")
    yield lab
    lab.close()
