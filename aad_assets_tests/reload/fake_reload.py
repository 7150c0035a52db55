"""A reload of some entities from a fake Graph: the real loader, without a server, sign-in or waiting."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from aad_assets.catalog import CATALOG, Entity
from aad_assets.catalog.access import Access
from aad_assets.concurrency import gather_or_cancel
from aad_assets.graph.requests.client import GraphClient
from aad_assets.reload import Outcome
from aad_assets.reload.load import Loader
from aad_assets.reload.read import Reader
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.publishing.options import Options
from aad_assets.warehouse.writer import Writer
from aad_assets_tests.fake_graph import BASE, FakeGraph
from aad_assets_tests.warehouse.support import TENANT, Lab

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


@dataclass
class FakeReload:
    """Runs over a database, whose Graph is `graph`."""

    lab: Lab
    target: Target
    graph: FakeGraph = field(default_factory=FakeGraph)
    first_log_days: int = 2
    now: datetime = NOW

    def __call__(
        self, *entities: str | Entity, options: Mapping[str, Options] | None = None, log_days: Sequence[date] = ()
    ) -> dict[str, Outcome]:
        """Load `entities` concurrently, and return their outcomes by table."""
        chosen = [CATALOG[each] if isinstance(each, str) else each for each in entities]
        return self.lab.run(self._run(chosen, options or {}, log_days))

    async def _run(
        self, entities: Sequence[Entity], options: Mapping[str, Options], log_days: Sequence[date]
    ) -> dict[str, Outcome]:
        graph = self.graph
        writer = Writer(self.lab.stage, self.target)
        async with GraphClient(BASE, graph.tokens, graph.transport, graph.rate_limits, graph.retry) as client:
            reader = Reader(client, entities)
            loader = Loader(
                reader=reader,
                stage=self.lab.stage,
                target=self.target,
                writer=writer,
                access=Access(),
                tenant_id=TENANT,
                run_id="run",
                options=options,
                log_days=log_days,
                first_log_days=self.first_log_days,
                now=lambda: self.now,
            )
            try:
                outcomes = await gather_or_cancel(map(loader.load, entities))
            finally:
                await reader.close()
                await writer.close()
        return {outcome.entity.table: outcome for outcome in outcomes}
