"""Measure the reload of a large tenant's users: from nothing, unchanged, and a day later.

    python -m benchmarks.reload_users [--users 200000] [--latency-ms 0]

The demo tenant runs on the same machine, so its share of the processor is measured too. Each reload is a whole
`dagster asset materialize`, including its start (about 3 s).
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import duckdb

from aad_assets.demo import DemoServer
from benchmarks.process import HEAD, line, materialize


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
        print(f"{options.users:,} users, {options.latency_ms} ms latency, {os.cpu_count()} cores")
        print(f"{HEAD}   loaded")
        for label, day in (("from nothing", 0), ("unchanged", 0), ("a day later", 1)):
            server.set_day(day)
            figures = materialize(server, folder, 'key:"aad/users"')
            with duckdb.connect(str(folder / "entra.duckdb"), read_only=True) as connection:
                counts = connection.execute(
                    """SELECT format('{:,} rows: {:,} inserted, {:,} updated, {:,} deleted; {:,} MB received in {:.1f} s',
                                  rows, inserted, updated, deleted, bytes // 1000000, epoch(published_at - started_at))
                       FROM aad_meta.loads ORDER BY started_at DESC LIMIT 1"""
                ).fetchone()
            print(line(label, figures, counts[0] if counts else ""), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
