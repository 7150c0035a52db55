"""Demo tenants, and the real entry points as processes."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from aad_assets.demo import DemoServer
from aad_assets_tests.e2e.commands import Commands
from aad_assets_tests.e2e.warm import WarmPython

BIN = Path(sys.executable).parent
WARM = WarmPython()


@dataclass
class Place:
    """A folder with the environment of one user: settings, Dagster home and database."""

    folder: Path
    environment: dict[str, str]

    @property
    def database(self) -> Path:
        return Path(self.environment["AAD_DATABASE"])

    @property
    def dagster_home(self) -> Path:
        return Path(self.environment["DAGSTER_HOME"])

    def materialize(self, select: str = "*", *options: str, **changes: str) -> subprocess.CompletedProcess[str]:
        """Run `dagster asset materialize`. `changes` replace environment variables; an empty value removes one."""
        return WARM.dagster([*self.command(select)[1:], *options], env=self.changed(**changes), cwd=self.folder, timeout=240)

    def start(self, select: str = "*", **changes: str) -> subprocess.Popen[str]:
        """Start the same in a new process in the background, with stdout and stderr in one pipe."""
        return subprocess.Popen(
            self.command(select),
            env=self.changed(**changes),
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def command(self, select: str) -> list[str]:
        return [str(BIN / "dagster"), "asset", "materialize", "-m", "aad_assets.definitions", "--select", select]

    def changed(self, **changes: str) -> dict[str, str]:
        return {name: value for name, value in {**self.environment, **changes}.items() if value}

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.database), read_only=True) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            return connection.execute(statement).fetchall()


QUIET = """
telemetry:
  enabled: false
nux:
  enabled: false
"""
UNCAPTURED = """
compute_logs:
  module: dagster._core.storage.noop_compute_log_manager
  class: NoOpComputeLogManager
"""
"""Dagster copies captured output to stdout and stderr with a `tail`, which it ends before the last lines arrive."""


def make_place(folder: Path, settings: dict[str, str], *, captured: bool = False) -> Place:
    """Make a place in `folder`. If `captured`, Dagster stores the output of runs in its home, as it does for users."""
    home = folder / "dagster_home"
    home.mkdir(parents=True)
    (home / "dagster.yaml").write_text(QUIET if captured else QUIET + UNCAPTURED, encoding="utf-8")
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("AAD_", "DAGSTER_"))}
    return Place(
        folder,
        {
            **plain,
            **settings,
            "AAD_DATABASE": str(folder / "entra.duckdb"),
            "AAD_QUOTA_SHARE": "50",
            "AAD_LOG_DAYS": "7",
            "DAGSTER_HOME": str(home),
            "PATH": f"{BIN}:{os.environ['PATH']}",
        },
    )


@pytest.fixture(scope="session", autouse=True)
def _interruptible() -> Iterator[None]:
    """Let child processes react to Ctrl-C: a shell turns that off for background jobs, and processes inherit it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session", autouse=True)
def _warm(_interruptible: None) -> Iterator[None]:
    """Start the warm Python that `Place.materialize` uses."""
    with WARM:
        yield


NOW = datetime.now(UTC)
"""The tenants' clock. It stands still, because new events would disturb the comparisons."""


@pytest.fixture(scope="session")
def shared_tenant() -> Iterator[DemoServer]:
    """Yield a tenant that no test changes."""
    with DemoServer(users=300, no_quota=True, now=NOW) as server:
        yield server


@pytest.fixture
def tenant() -> Iterator[DemoServer]:
    """Yield a tenant for one test, which may set faults and days."""
    with DemoServer(users=300, no_quota=True, now=NOW) as server:
        yield server


@pytest.fixture
def place_for(tmp_path: Path) -> Callable[[DemoServer], Place]:
    """Return a function that makes a place for a tenant."""
    return lambda server: make_place(tmp_path / "place", server.environment())


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Commands:
    """Return `aad-assets` in this process, in an empty folder and with nothing set."""
    return Commands(tmp_path, monkeypatch, capsys)
