"""The command line: python -m aad_assets.demo."""

import argparse
import sys
from datetime import UTC, date, datetime
from pathlib import Path

from . import licensing
from .protocol.faults import Faults, parse_short
from .server import DEFAULT_EPOCH, Configuration, run


def _epoch(text: str) -> date:
    return datetime.now(UTC).date() if text == "today" else date.fromisoformat(text)


def _faults(text: str) -> str:
    try:
        Faults(0).set(parse_short(text), 0)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser("python -m aad_assets.demo", description="A demo tenant: Microsoft Graph on loopback.")
    made.add_argument("--host", default="127.0.0.1")
    made.add_argument("--port", type=int, default=0, help="0: any free one")
    made.add_argument("--users", type=int, default=1000, help="users on day 0 (default 1000)")
    made.add_argument("--seed", type=int, default=1)
    made.add_argument("--day", type=int, default=0, help="days that have passed since the tenant's day 0")
    made.add_argument(
        "--epoch",
        type=_epoch,
        default=DEFAULT_EPOCH,
        help=f"date of day 0, or today (default {DEFAULT_EPOCH})",
    )
    made.add_argument("--latency-ms", type=float, default=0.0, help="added to every request to Graph")
    made.add_argument("--faults", type=_faults, default="", metavar="SPEC", help="for example 429:0.05,503:0.02,cut:0.01")
    made.add_argument("--state-dir", type=Path, required=True, help="where demo.json and the certificates go")
    made.add_argument("--token-lifetime", type=int, default=3600, help="seconds")
    made.add_argument("--quota-scale", type=float, default=1.0, help="share of Microsoft's throttling limits")
    made.add_argument("--no-quota", action="store_true")
    made.add_argument("--tenant-domain", default="contoso.example")
    made.add_argument("--without-permission", action="append", default=[], metavar="PERM")
    made.add_argument(
        "--licences",
        type=licensing.parse,
        default=frozenset(licensing.ALL),
        metavar="LIST",
        help=f"comma list of {', '.join(licensing.ALL)}, or none (default: all)",
    )
    made.add_argument(
        "--now", type=datetime.fromisoformat, metavar="TIME", help="the logs' present moment (default: the clock's)"
    )
    made.add_argument("--sign-ins-per-day", type=int, help="rows a day in the sign-in log (default: as many as users)")
    made.add_argument(
        "--sign-in-activity-page",
        type=int,
        default=500,
        metavar="ROWS",
        help="largest $top with signInActivity (default 500; 120 in some tenants)",
    )
    made.add_argument("--watch-stdin", action="store_true", help="exit when stdin ends")
    return made


def main(arguments: list[str] | None = None) -> int:
    """Serve until stopped."""
    options = parser().parse_args(arguments)
    if options.users < 10:
        parser().error("--users: at least 10")
    return run(
        Configuration(
            host=options.host,
            port=options.port,
            users=options.users,
            seed=options.seed,
            day=options.day,
            latency_ms=options.latency_ms,
            faults=options.faults,
            state_dir=options.state_dir,
            token_lifetime=options.token_lifetime,
            quota_scale=None if options.no_quota else options.quota_scale,
            tenant_domain=options.tenant_domain,
            without_permission=tuple(options.without_permission),
            watch_stdin=options.watch_stdin,
            epoch=options.epoch,
            licences=options.licences,
            now=options.now,
            sign_ins_per_day=options.sign_ins_per_day,
            sign_in_activity_page=options.sign_in_activity_page,
        )
    )


if __name__ == "__main__":
    sys.exit(main())
