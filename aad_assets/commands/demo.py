"""`aad-assets demo`: start a demo tenant (`aad_assets.demo`) on loopback, and reload it as a real tenant is reloaded.

The reload runs `dagster asset materialize`, as users do.
"""

import argparse
import contextlib
import json
import os
import re
import shlex
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

import aad_assets
from aad_assets.commands import Subparsers
from aad_assets.commands.children import materialize_command, run_child, stoppable
from aad_assets.commands.environment import read_environment
from aad_assets.commands.home import HOME, VARIABLE, create_home
from aad_assets.demo import DemoServer, licensing
from aad_assets.errors import ConfigurationError
from aad_assets.settings import ConnectionFields, absolute, variable
from aad_assets.wording import counted, listed

DEMO_FOLDER = Path("demo")

# The demo tenant responds at once and serves nobody else, so a reload may exceed Graph's quotas.
_DEMO_QUOTA = 20

# Days that have passed in the tenant before its first day here, so that all that the logs keep agrees with the directory.
_PAST = timedelta(days=30)

# Days of the logs that a first reload reads. All 30 would take longer than everything else.
_DEMO_LOG_DAYS = 7

# Settings of a connection that address no tenant.
_OF_ANY_TENANT = {
    f"AAD_{name}" for name in ("QUOTA_SHARE", "REQUEST_TIMEOUT", "ENTITY_DEADLINE", "LOG_DAYS", "PSEUDONYM_KEY")
}
# Settings besides those of the connection that say where the user's own tenant is stored.
_OWN_PLACE = ("connection_name", "database", "serving_copy")

_STATE_FILE = "state.json"

# The lines that the reload itself logs, among the events that Dagster prints.
_LOG_LINE = re.compile(r" - (?:INFO|WARNING|ERROR) - \S+ - [0-9a-f-]{36} - reload - (?P<text>.*)")


def add(subparsers: Subparsers) -> None:
    """Add the command to the parser."""
    demo = subparsers.add_parser(
        "demo",
        help="reload a demo tenant",
        description="Start a demo tenant on loopback, reload it with `dagster asset materialize`, and show the result.",
    )
    demo.add_argument("--users", type=int, help="size of the tenant (default: as last time, at first 1000)")
    demo.add_argument("--seed", type=int, help="number that determines the tenant's data (default: as last time, at first 1)")
    demo.add_argument(
        "--licences",
        type=licensing.parse,
        metavar="LIST",
        help=f"comma-separated list of {', '.join(licensing.ALL)}, or none (default: as last time, at first all)",
    )
    demo.add_argument("--latency-ms", type=int, default=0, help="milliseconds by which to delay each response")
    demo.add_argument("--faults", default="", help="faults and their rates, such as 429:0.05,503:0.02,cut:0.01")
    demo.add_argument("--again", action="store_true", help="first let a day pass, to see the changes that a reload finds")
    demo.add_argument("--keep", action="store_true", help="keep the tenant running, and print the settings to reach it")
    demo.add_argument("--folder", type=Path, default=DEMO_FOLDER, help="folder for the database and logs (default: demo)")
    demo.add_argument(
        "--run",
        dest="command",
        nargs=argparse.REMAINDER,
        metavar="COMMAND",
        help="run COMMAND in the folder instead of reloading, with the settings to reach the tenant",
    )
    demo.set_defaults(function=_demo)


def _demo(options: argparse.Namespace) -> int:
    with stoppable():  # SIGTERM must not leave the tenant behind.
        return _run(options)


def _run(options: argparse.Namespace) -> int:
    folder = Path(options.folder).absolute()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    state = _DemoState.read(folder)
    state.users = options.users or state.users
    state.seed = options.seed or state.seed
    if options.licences is not None:
        state.licences = sorted(options.licences)
    state.let_pass(1 if options.again and state.reloads else 0)  # A failed first reload is repeated on the same day.
    own, replaced = own_settings(read_environment())
    if replaced:
        print(f"The demo replaces {listed(replaced)}. Your other settings apply as they are.", file=sys.stderr, flush=True)
    with _tenant(options, folder, state) as server:
        settings = demo_settings(server, folder, own)
        if options.command:
            return run_child(options.command, env=environment(settings), cwd=folder)
        when = f"day {state.day}" if state.day else "its first day"
        print(
            f"Demo tenant {server.tenant_domain}, {counted(state.users, 'user')}, {when}, at {server.graph_base_url}",
            flush=True,
        )
        began = datetime.now(UTC)
        code = _materialize(folder, settings)
        state.reloads += code == 0
        state.write(folder)
        print_loads(Path(settings["AAD_DATABASE"]), began)
        if code == 0:
            print_changes(Path(settings["AAD_DATABASE"]), began)
        _print_next(folder)
        if options.keep:
            _keep(demo_settings(server, folder))  # without the user's own, which may hold a secret
        return code


@dataclass
class _DemoState:
    """The state from which a later `--again` continues. `day` counts from the date `first`, in UTC."""

    users: int = 1000
    seed: int = 1
    licences: list[str] = field(default_factory=lambda: sorted(licensing.ALL))
    day: int = 0
    reloads: int = 0
    first: str = field(default_factory=lambda: _today().isoformat())

    @property
    def epoch(self) -> date:
        """The date of the tenant's own day 0."""
        return date.fromisoformat(self.first) - _PAST

    def let_pass(self, days: int) -> None:
        """Let so many days pass, but do not stay behind the clock: the logs report the changes of all days until now."""
        self.day = max(self.day + days, (_today() - date.fromisoformat(self.first)).days)

    @classmethod
    def read(cls, folder: Path) -> "_DemoState":
        try:
            return cls(**json.loads((folder / _STATE_FILE).read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return cls()

    def write(self, folder: Path) -> None:
        (folder / _STATE_FILE).write_text(json.dumps(asdict(self)), encoding="utf-8")


def _today() -> date:
    return datetime.now(UTC).date()


@contextlib.contextmanager
def _tenant(options: argparse.Namespace, folder: Path, state: _DemoState) -> Iterator[DemoServer]:
    """Yield the tenant that `--keep` left running, moved to the wanted day, or start one."""
    kept = DemoServer.running(folder / "tenant")
    if kept is not None and (kept.users, kept.seed, kept.licences) == (state.users, state.seed, state.licences):
        kept.set_day(_PAST.days + state.day)
        yield kept
        return
    faults: dict[str, Any] = {"faults": options.faults} if options.faults else {}
    place: dict[str, Any] = {"state_dir": folder / "tenant"} if kept is None else {}
    with DemoServer(
        users=state.users,
        seed=state.seed,
        licences=state.licences,
        epoch=state.epoch,
        day=_PAST.days + state.day,
        latency_ms=options.latency_ms,
        quota_scale=_DEMO_QUOTA,
        **faults,
        **place,
    ) as server:
        yield server


def own_settings(environment: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Return the user's own `AAD_*` variables for the demo, and the names of those that the demo replaces.

    It replaces what addresses the user's own tenant and database. Relative paths are made absolute, because Dagster runs in
    the folder of the demo.
    """
    given = {name: value for name, value in environment.items() if name.startswith("AAD_") and value.strip()}
    replaced = {variable(name) for name in (*ConnectionFields.model_fields, *_OWN_PLACE)} - _OF_ANY_TENANT
    own = {name: value for name, value in given.items() if name not in replaced}
    if metadata := own.get(variable("connection_metadata"), "").strip():
        own[variable("connection_metadata")] = absolute(metadata)
    return own, sorted(given.keys() & replaced)


def demo_settings(server: DemoServer, folder: Path, own: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment variables with which Dagster reloads the demo tenant into `folder`.

    `own` are the user's own settings, which come before the demo's defaults.
    """
    # The runs appear where `aad-assets dev` shows them. A demo elsewhere keeps to its folder.
    home = HOME if folder == DEMO_FOLDER.absolute() else folder / HOME
    return {
        "AAD_QUOTA_SHARE": str(_DEMO_QUOTA),
        "AAD_LOG_DAYS": str(_DEMO_LOG_DAYS),
        **(own or {}),
        **server.environment(),
        "AAD_DATABASE": str(folder / "entra.duckdb"),
        VARIABLE: create_home(home),
    }


def environment(settings: dict[str, str]) -> dict[str, str]:
    """Return this process's environment with `settings` instead of its own.

    A `.env` file in the working directory would override them, so Dagster must also run in another folder.
    """
    others = {name: value for name, value in os.environ.items() if not name.startswith("AAD_")}
    return {**others, **settings, "PYTHONUNBUFFERED": "1"}


def _materialize(folder: Path, settings: dict[str, str]) -> int:
    """Reload everything, print the log lines of the reload, and write all of Dagster's output to reload.log."""
    command = materialize_command("*")
    log_file = folder / "reload.log"
    with log_file.open("w", encoding="utf-8") as log:

        def show(line: str) -> None:
            log.write(line)
            if found := _LOG_LINE.search(line):
                print(f"  {found['text']}", flush=True)

        code = run_child(command, show, env=environment(settings), cwd=folder)
    if code:
        print(f"The reload failed (exit code {code}). Dagster's log is in {log_file}", file=sys.stderr)
    return code


def print_loads(database: Path, since: datetime) -> None:
    """Print a table of the loads since `since`, one line per entity. The days of a log are added up."""
    if not database.exists():
        return
    with duckdb.connect(str(database), read_only=True) as connection:
        loads = connection.execute(
            """SELECT entity, max(status) FILTER (status <> 'published'),
                      sum(rows), sum(inserted), sum(updated), sum(deleted), epoch(max(published_at) - min(started_at))
               FROM aad_meta.loads WHERE started_at >= ? GROUP BY entity ORDER BY min(started_at), entity""",
            [since],
        ).fetchall()
    print(f"\n{'entity':<44}{'rows':>10}{'inserted':>10}{'updated':>10}{'deleted':>10}{'seconds':>10}")
    for entity, unpublished, *counts, seconds in loads:
        shown = f"{unpublished:>10}" if unpublished else f"{seconds:>10.1f}"
        print(f"{entity:<44}" + "".join(f"{count:>10,}" for count in counts) + shown)


def print_changes(database: Path, since: datetime) -> None:
    """Print how often each attribute of users has changed since `since`. After a first load, print nothing."""
    try:
        changes = aad_assets.read("users", changes_since=since, database=str(database), connection_name="aad")
    except ConfigurationError:  # the first load is later than `since`
        return
    counts = changes.loc[changes["change"] == "update", "column_name"].value_counts().head(6)
    if len(counts):
        print(f"\nChanged attributes of users: {', '.join(f'{name} {count:,}' for name, count in counts.items())}")


def _print_next(folder: Path) -> None:
    here, now = os.path.relpath(folder), f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}"
    print(
        f"""
The tables are in {here}/entra.duckdb. Next:
  make dev DEMO=1       shows the asset graph in the browser, with this tenant behind it
  make demo             lets a day pass and reloads; this returns the changes as a DataFrame:
                        aad_assets.read("users", changes_since="{now}", database="{here}/entra.duckdb")"""
    )


def _keep(settings: dict[str, str]) -> None:
    """Print the settings and wait for Ctrl-C."""
    exports = "\n".join(f"export {name}={shlex.quote(value)}" for name, value in settings.items())
    print(f"\nThe tenant runs until Ctrl-C. To reach it from another shell, run:\n\n{exports}\n\ndagster dev", flush=True)
    threading.Event().wait()
