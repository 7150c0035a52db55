"""Reloads of the demo tenant in this process, without Dagster."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from aad_assets.catalog import CATALOG, Entity
from aad_assets.demo import DemoServer
from aad_assets.reload import Outcome, Reload
from aad_assets.settings import Connection, Settings
from aad_assets.warehouse.database.target import Target


@dataclass
class House:
    """A database, and the tenant from which it is loaded."""

    database: Path
    environment: dict[str, str]
    now: datetime | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    """Further fields of the connection."""
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    """Outcomes of a reload that a fixture made."""

    def connection(self) -> Connection:
        settings = Settings.from_environment(self.environment | {"AAD_QUOTA_SHARE": "50", "AAD_LOG_DAYS": "7"})
        return settings.connection.model_copy(update=self.extra)

    def start(self, entities: Iterable[str | Entity], **options: Any) -> Reload:
        chosen = [CATALOG[each] if isinstance(each, str) else each for each in entities]
        if (now := self.now) is not None:
            options["now"] = lambda: now
        return Reload(self.connection(), Target(str(self.database), "aad"), chosen, **options)

    def reload(self, *entities: str | Entity, **options: Any) -> dict[str, Outcome]:
        """Reload `entities`, and return their outcomes by table."""
        with closing(self.start(entities, **options).outcomes()) as outcomes:
            return {outcome.entity.table: outcome for outcome in outcomes if isinstance(outcome, Outcome)}

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.database), read_only=True) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            return connection.execute(statement).fetchall()


@pytest.fixture
def house_of(tmp_path: Path) -> Callable[[DemoServer], House]:
    """Return a function that makes an empty database for a tenant."""
    return lambda server: House(tmp_path / "entra.duckdb", server.environment())


@pytest.fixture(scope="session")
def whole_tenant() -> Iterator[DemoServer]:
    """A tenant with every licence; no test changes it."""
    with DemoServer(users=300, no_quota=True) as server:
        yield server
