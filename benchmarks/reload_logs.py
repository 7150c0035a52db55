"""Measure the sign-ins of a busy tenant: a month on the first run, and the next run.

    python -m benchmarks.reload_logs [--a-day 100000] [--days 30]

Rate limits are switched off. At Graph's own 5 requests per 10 s, a month of 100,000 sign-ins a day takes at least 100
minutes. This measures that nothing else makes it longer. The demo tenant runs on the same machine.
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
    parser.add_argument("--a-day", type=int, default=100_000)
    parser.add_argument("--days", type=int, default=30)
    options = parser.parse_args(arguments)
    with (
        tempfile.TemporaryDirectory(prefix="aad-bench-") as name,
        DemoServer(users=20_000, sign_ins_per_day=options.a_day, no_quota=True) as server,
    ):
        folder = Path(name)
        print(f"{options.a_day:,} sign-ins a day, {options.days} days and today, {os.cpu_count()} cores")
        print(f"{HEAD}   days   rows read   rows in the table   file MB")
        for label in ("the first run", "the next run"):
            figures = materialize(server, folder, 'key:"aad/sign_ins"', AAD_LOG_DAYS=str(options.days))
            with duckdb.connect(str(folder / "entra.duckdb"), read_only=True) as connection:
                days, read = connection.execute(
                    """SELECT count(*), sum(rows)::BIGINT FROM aad_meta.loads
                       WHERE run_id = (SELECT arg_max(run_id, started_at) FROM aad_meta.loads)"""
                ).fetchall()[0]
                rows = connection.execute("SELECT count(*) FROM aad.sign_ins").fetchall()[0][0]
            size = (folder / "entra.duckdb").stat().st_size / 1e6
            print(line(label, figures, f"{days:>4} {read:>11,} {rows:>19,} {size:>9.0f}"), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
