"""How the rows of one entity come into the stage: by its shape, after its parent. Not here: requests, publishing."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from aad_assets.catalog import Entity, Shape
from aad_assets.catalog.extensions import ExtensionProperty, extended
from aad_assets.errors import AadAssetsError, LicenceMissing, NotFound, PermissionMissing, RequestRejected
from aad_assets.graph.reading.children import read_children
from aad_assets.graph.reading.collections import read_collection
from aad_assets.graph.reading.extensions import read_extensions
from aad_assets.graph.reading.parents import Key, read_parent_keys
from aad_assets.graph.reading.row_adapters import keep_owned, read_singleton, to_edges, wrap_strings
from aad_assets.graph.reading.select import Selection
from aad_assets.graph.requests.client import GraphClient
from aad_assets.graph.requests.meter import Meter
from aad_assets.warehouse.staging.stage import EntityStage, Staged


@dataclass
class Progress:
    """What an entity's children and the progress lines need to know of it."""

    meter: Meter = field(default_factory=Meter)
    keys: "asyncio.Future[dict[str, list[Key]]]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    """For each child in the run: the values of its `parent_key`."""
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    error: Exception | None = None


class Reader:
    """Reads the entities of one run, each with what the others know."""

    def __init__(self, client: GraphClient, entities: Iterable[Entity]) -> None:
        self.client = client
        self.progress = {entity.table: Progress() for entity in entities}
        self._children = {entity.table: [child for child in entities if child.parent == entity.table] for entity in entities}
        self._extensions: asyncio.Task[list[ExtensionProperty] | str] | None = None

    async def columns(self, entity: Entity) -> tuple[Entity, str | None]:
        """`entity` with the tenant's directory extension properties as columns; and why not, if they cannot be known."""
        if not entity.extensible:
            return entity, None
        if self._extensions is None:
            self._extensions = asyncio.create_task(self._read_extensions())
        found = await asyncio.shield(self._extensions)
        return (entity, found) if isinstance(found, str) else (extended(entity, found), None)

    async def _read_extensions(self) -> list[ExtensionProperty] | str:
        try:
            return await read_extensions(self.client, Meter())
        except (LicenceMissing, NotFound, PermissionMissing, RequestRejected) as error:
            return f"directory extension properties were not read, their columns stay as they were: {error}"

    async def read(self, entity: Entity, staging: EntityStage, filters: Sequence[str] = ()) -> Selection:
        """Every row into `staging`, as Graph has them now. Raises AadAssetsError.

        `filters` mean the same in other words: the first that Graph takes.
        """
        meter = self.progress[entity.table].meter
        match entity.shape:
            case Shape.SINGLETON:
                await read_singleton(self.client, entity, meter, staging.part())
            case Shape.CHILDREN:
                await read_children(self.client, entity, await self._parents(entity), meter, staging.part())
            case Shape.EXPAND:
                return await read_collection(self.client, entity, meter, staging, transform=to_edges(entity))
            case Shape.STRINGS:
                return await read_collection(self.client, entity, meter, staging, transform=wrap_strings)
            case _ if entity.belongs_by:
                owners = {key[0] for key in await self._parents(entity)}
                return await read_collection(self.client, entity, meter, staging, transform=keep_owned(entity, owners))
            case _:
                return await self._read_filtered(entity, staging, filters)
        return Selection((entity.select,))

    async def _read_filtered(self, entity: Entity, staging: EntityStage, filters: Sequence[str]) -> Selection:
        meter = self.progress[entity.table].meter
        for filter_ in filters[:-1]:
            try:
                return await read_collection(self.client, entity, meter, staging, filter_=filter_)
            except RequestRejected:
                await staging.reset()
        return await read_collection(self.client, entity, meter, staging, filter_=filters[-1] if filters else None)

    async def tell_children(self, entity: Entity, staging: EntityStage, staged: Staged) -> None:
        """Let the children know whose they are, before the staged rows are gone."""
        if children := self._children[entity.table]:
            self.progress[entity.table].keys.set_result(
                {child.table: await staging.keys(staged.relation, child.parent_key, child.parent_where) for child in children}
            )

    async def _parents(self, entity: Entity) -> list[Key]:
        """From the parent's own read when it is part of the run, so that both tables show the same parents."""
        parent = self.progress.get(entity.parent or "")
        if parent is None:
            return await read_parent_keys(self.client, entity, self.progress[entity.table].meter)
        await asyncio.wait([parent.keys])
        if parent.keys.cancelled():
            raise _without_parent(entity, parent)
        return parent.keys.result()[entity.table]

    async def parent_ended(self, entity: Entity) -> None:
        """Children are published after their parents, and never when those were not."""
        if parent := self.progress.get(entity.parent or ""):
            await parent.ended.wait()
            if parent.error:
                raise _without_parent(entity, parent)

    async def close(self) -> None:
        """Leave nothing running."""
        if self._extensions is not None:
            self._extensions.cancel()
            await asyncio.gather(self._extensions, return_exceptions=True)


def _without_parent(entity: Entity, parent: Progress) -> AadAssetsError:
    """Children of what the tenant has no licence for are skipped with it."""
    if isinstance(parent.error, LicenceMissing):
        return LicenceMissing(parent.error.response)
    return AadAssetsError(
        f"not published, since {entity.parent} could not be read in this run. Mend {entity.parent} and reload both."
    )
