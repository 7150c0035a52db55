"""How long a large tenant's users take: from nothing, unchanged, and a day later.

    python -m benchmarks.reload_users [--users 200000] [--latency-ms 0]

The demo tenant runs on the same machine, so its share of the processor is measured too. Each reload is the whole of
`dagster asset materialize`: its start (about 3 s) included.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from aad_assets.demo import DemoServer


@dataclass
class Figures:
    """One reload. Seconds; bytes."""

    wall: float
    processor: float
    server_processor: float
    peak_memory: int


def reload_users(server: DemoServer, folder: Path) -> Figures:
    """Run one reload as a process and measure it."""
    environment = {
        **os.environ,
        **server.environment(),
        "AAD_DATABASE": str(folder / "entra.duckdb"),
        "AAD_QUOTA_SHARE": "100",
        "DAGSTER_HOME": str(folder),
    }
    select = 'key:"aad/users"'
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


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=200_000)
    parser.add_argument("--latency-ms", type=int, default=0)
    options = parser.parse_args(arguments)
    with (
        tempfile.TemporaryDirectory(prefix="aad-bench-") as name,
        DemoServer(users=options.users, latency_ms=options.latency_ms, no_quota=True) as server,
    ):
        folder = Path(name)
        (folder / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
        print(f"{options.users:,} users, {options.latency_ms} ms latency, {os.cpu_count()} cores")
        print(f"{'':<14}{'wall s':>8}{'cpu s':>8}{'server s':>10}{'peak MB':>9}   loaded")
        for label, day in (("from nothing", 0), ("unchanged", 0), ("a day later", 1)):
            server.set_day(day)
            figures = reload_users(server, folder)
            with duckdb.connect(str(folder / "entra.duckdb"), read_only=True) as connection:
                counts = connection.execute(
                    """SELECT format('{:,} rows: {:,} inserted, {:,} updated, {:,} deleted; {:,} MB received in {:.1f} s',
                                  rows, inserted, updated, deleted, bytes // 1000000, epoch(published_at - started_at))
                       FROM aad_meta.loads ORDER BY started_at DESC LIMIT 1"""
                ).fetchone()
            print(
                f"{label:<14}{figures.wall:>8.1f}{figures.processor:>8.1f}{figures.server_processor:>10.1f}"
                f"{figures.peak_memory / 1e6:>9.0f}   {counts[0] if counts else ''}",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
