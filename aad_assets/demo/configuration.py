"""The options of `python -m aad_assets.demo`, declared once."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from . import licensing
from .protocol.faults import Faults, parse_short


def _epoch(text: str) -> date:
    return datetime.now(UTC).date() if text == "today" else date.fromisoformat(text)


def _faults(text: str) -> str:
    try:
        Faults(0).set(parse_short(text), 0)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def _option(default: Any, help_: str = "", **argument: Any) -> Any:
    return field(default=default, metadata={"help": help_, "default": default, **argument})


@dataclass(frozen=True)
class Configuration:
    """The options of a demo tenant."""

    state_dir: Path = _option(None, "where demo.json and the certificates go", type=Path, required=True)  # noqa: RUF009
    host: str = _option("127.0.0.1")
    port: int = _option(0, "0: any free one", type=int)
    users: int = _option(1000, "users on day 0 (default 1000)", type=int)
    seed: int = _option(1, type=int)
    day: int = _option(0, "days that have passed since the tenant's day 0", type=int)
    epoch: date = _option(date(2026, 11, 2), "date of day 0, or today (default 2026-11-02)", type=_epoch)  # noqa: RUF009
    latency_ms: float = _option(0.0, "added to every request to Graph", type=float)
    faults: str = _option("", "for example 429:0.05,503:0.02,cut:0.01", type=_faults, metavar="SPEC")
    token_lifetime: int = _option(3600, "seconds", type=int)
    quota_scale: float | None = _option(1.0, "share of Microsoft's throttling limits", type=float)
    tenant_domain: str = _option("contoso.example")
    without_permission: Sequence[str] = _option((), action="append", metavar="PERM")
    licences: frozenset[str] = _option(
        frozenset(licensing.ALL),
        f"comma list of {', '.join(licensing.ALL)}, or none (default: all)",
        type=licensing.parse,
        metavar="LIST",
    )
    now: datetime | None = _option(None, "the logs' present moment (default: the clock's)", type=datetime.fromisoformat)  # noqa: RUF009
    sign_ins_per_day: int | None = _option(None, "rows a day in the sign-in log (default: as many as users)", type=int)
    sign_in_activity_page: int = _option(
        500, "largest $top with signInActivity (default 500; 120 in some tenants)", type=int, metavar="ROWS"
    )
    person_role: Sequence[str] = _option(
        (), "a directory role of the person who signs in (default: Global Administrator)", action="append", metavar="ROLE"
    )
    released: Sequence[str] = _option((), "a beta collection that v1.0 serves, too", action="append", metavar="TABLE")
    unavailable: Sequence[str] = _option((), "a collection that this cloud does not have", action="append", metavar="TABLE")
    watch_stdin: bool = _option(False, "exit when stdin ends", action="store_true")


def parse(arguments: list[str] | None) -> Configuration:
    """Return the configuration that the command line asks for; exit if it is not valid."""
    parser = argparse.ArgumentParser("python -m aad_assets.demo", description="A demo tenant: Microsoft Graph on loopback.")
    for option in fields(Configuration):
        parser.add_argument(f"--{option.name.replace('_', '-')}", **option.metadata)
    parser.set_defaults(without_permission=[], person_role=[], released=[], unavailable=[])
    parser.add_argument("--no-quota", action="store_true")
    values = vars(parser.parse_args(arguments))
    if values.pop("no_quota"):
        values["quota_scale"] = None
    if values["users"] < 10:
        parser.error("--users: at least 10")
    return Configuration(**values)
