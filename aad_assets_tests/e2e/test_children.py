"""Stopped commands end what they have started, also if a script started them in the background."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from aad_assets_tests.e2e.conftest import BIN

ROOT = Path(__file__).parents[2]
AAD_ASSETS = str(BIN / "aad-assets")
DEMO = [AAD_ASSETS, "demo", "--users", "60", "--licences", "none", "--folder", "demo"]
DEV = [AAD_ASSETS, "dev", "--port", "0"]
READY = "Serving dagster-webserver"


def processes(mark: str) -> dict[int, str]:
    """Return the command lines of the processes whose environment holds `mark`, by process id."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"MARK={mark}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                found[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:  # ended meanwhile
            continue
    return found


def wait_until(holds: Callable[[], bool], seconds: float = 60.0) -> bool:
    deadline = time.monotonic() + seconds
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.05)
    return holds()


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks for processes in /proc")
@pytest.mark.parametrize(
    ("command", "line", "number"),
    [
        (DEV, READY, signal.SIGTERM),
        pytest.param([*DEMO, "--run", *DEV], READY, signal.SIGTERM, marks=pytest.mark.slow),
        pytest.param([*DEMO, "--run", *DEV], READY, signal.SIGINT, marks=pytest.mark.slow),
        pytest.param(DEMO, ": published", signal.SIGTERM, marks=pytest.mark.slow),
        pytest.param(["make", "-C", str(ROOT), "dev"], READY, signal.SIGTERM, marks=pytest.mark.slow),
    ],
    ids=["dev", "demo --run, TERM", "demo --run, INT", "demo", "make dev"],
)
def test_stopping_a_background_job_of_a_script_leaves_nothing_behind(
    command: list[str], line: str, number: signal.Signals, tmp_path: Path
) -> None:
    """A script's background jobs ignore SIGINT. Dagster copies that to SIGTERM, unless somebody resets it."""
    if command[0] == "make" and not (ROOT / ".venv" / ".ready").exists():
        pytest.skip("make would install .venv first")
    mark = str(tmp_path)
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("AAD_", "DAGSTER_"))}
    home = {"DAGSTER_HOME": str(tmp_path)} if command[0] == "make" else {}
    output = tmp_path / "output"
    with output.open("w") as file:
        script = subprocess.Popen(
            ["sh", "-c", '"$@" & echo $! > pid; wait $!; echo $? > code', "sh", *command],
            cwd=tmp_path,
            env={**plain, **home, "MARK": mark, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
        )
    try:
        assert wait_until(lambda: line in output.read_text()), output.read_text()
        os.kill(int((tmp_path / "pid").read_text()), number)
        script.wait(60)

        assert wait_until(lambda: not processes(mark), 5), processes(mark)
        assert int((tmp_path / "code").read_text()) != 0
    finally:
        script.kill()
        script.wait()
        for process_id in processes(mark):
            os.kill(process_id, signal.SIGKILL)
