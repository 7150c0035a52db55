"""Run `dagster asset materialize` as a process and measure it."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from aad_assets.demo import DemoServer


@dataclass
class Figures:
    """One reload. Seconds; bytes."""

    wall: float
    processor: float
    server_processor: float
    peak_memory: int


def materialize(server: DemoServer, folder: Path, select: str, **settings: str) -> Figures:
    """Run one `dagster asset materialize` into `folder` and measure the process; ends the program when it fails."""
    (folder / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    environment = {
        **os.environ,
        **server.environment(),
        "AAD_DATABASE": str(folder / "entra.duckdb"),
        "AAD_QUOTA_SHARE": "1000",
        "DAGSTER_HOME": str(folder),
        **settings,
    }
    command = [sys.executable, "-m", "dagster", "asset", "materialize", "-m", "aad_assets.definitions", "--select", select]
    server_before, began = processor_seconds(server.pid), time.monotonic()
    with (folder / "reload.log").open("ab") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"the reload failed:\n{(folder / 'reload.log').read_text()[-3000:]}")
    return Figures(
        wall=time.monotonic() - began,
        processor=usage.ru_utime + usage.ru_stime,
        server_processor=processor_seconds(server.pid) - server_before,
        peak_memory=usage.ru_maxrss * 1024,
    )


def processor_seconds(pid: int) -> float:
    """User and system time of a process so far (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


HEAD = f"{'':<22}{'wall s':>8}{'cpu s':>8}{'server s':>10}{'peak MB':>9}"


def line(label: str, figures: Figures, note: str = "") -> str:
    """A row of the table under HEAD."""
    return (
        f"{label:<22}{figures.wall:>8.1f}{figures.processor:>8.1f}{figures.server_processor:>10.1f}"
        f"{figures.peak_memory / 1e6:>9.0f}   {note}"
    )
