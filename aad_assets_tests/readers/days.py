"""Databases of a small tenant on several days: `python -m aad_assets_tests.readers.days FOLDER`."""

import json
import shutil
import sys
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from aad_assets.catalog import CATALOG, ENTITIES, Shape
from aad_assets.catalog.views import VIEWS
from aad_assets.demo import DemoServer
from aad_assets.reload import Outcome, Reload
from aad_assets.settings import Settings
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.publishing.views import ViewOutcome
from aad_assets_tests.e2e.truth import Row, expected_rows, known

DAYS = (0, 3, 10)
"""The tenant's days on which it is loaded; of all but the last, a copy is kept."""

LOG_DAYS = 3
"""Days of the logs before the first load that it reads."""

Truth = dict[str, dict[tuple[str, ...], Row]]


@dataclass
class Days:
    """The folder with `now.duckdb`, `day0.duckdb`, … and `days.json`, and what the tenant itself held on each day."""

    folder: Path
    days: list[dict[str, Any]] = field(default_factory=list)
    truth: list[Truth] = field(default_factory=list)
    first_log_day: date = date.min


def volatile_columns() -> dict[str, list[str]]:
    """Return the columns of each table and view that change without a new version. A view shows those of its tables."""
    tables = {entity.table: sorted(entity.volatile) for entity in ENTITIES if entity.volatile}
    views = {view.name: sorted({column for table in view.tables for column in tables.get(table, [])}) for view in VIEWS}
    return tables | {name: columns for name, columns in views.items() if columns}


def times() -> dict[str, str]:
    """Return the time column of each log, and of each view over one."""
    logs = {entity.table: str(entity.time_property) for entity in ENTITIES if entity.shape is Shape.LOG}
    views = {view.name: logs[view.tables[0]] for view in VIEWS if view.tables[0] in logs}
    return logs | views


def build(folder: Path) -> Days:
    """Load a tenant on each of the DAYS, and keep copies. Every table that an app can read is on."""
    built = Days(folder)
    entities = [entity for entity in ENTITIES if entity.app_only]
    with DemoServer(users=150, no_quota=True) as server:
        settings = Settings.from_environment(server.environment() | {"AAD_QUOTA_SHARE": "50", "AAD_LOG_DAYS": str(LOG_DAYS)})
        began = datetime.now(UTC)
        server.set_now(began.replace(tzinfo=None))  # otherwise events would happen between a load and the next
        built.first_log_day = began.date() - timedelta(days=LOG_DAYS)
        for number, day in enumerate(DAYS):
            server.set_day(day)
            target = Target(str(folder / "now.duckdb"), "aad")
            reload = Reload(settings.connection, target, entities, views=VIEWS, kql_views=True)
            published = []
            for outcome in reload.outcomes():
                if isinstance(outcome, Outcome):
                    assert outcome.load.status in ("published", "skipped"), (outcome.entity.table, outcome.load.reason)
                    published += [outcome.entity.table] if outcome.load.status == "published" else []
                elif isinstance(outcome, ViewOutcome):
                    assert outcome.status == "refreshed", outcome.reason
            built.truth.append({table: expected_rows(server, known(server, CATALOG[table])) for table in published})
            if day != DAYS[-1]:
                shutil.copy(folder / "now.duckdb", folder / f"day{number}.duckdb")
                moment = datetime.now(UTC).isoformat(sep=" ")
                built.days.append({"moment": moment, "volatile": volatile_columns(), "times": times()})
    (folder / "days.json").write_text(json.dumps(built.days), encoding="utf-8")
    return built


if __name__ == "__main__":
    build(Path(sys.argv[1]))
