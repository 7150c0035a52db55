"""Reading one entity into the stage: the way that its shape needs, with the keys of its parents."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

from aad_assets.catalog import CATALOG, Entity, Shape
from aad_assets.catalog.extensions import with_extensions, without_column
from aad_assets.errors import AadAssetsError, EntitySkipped, LoadBlocked, Refusals
from aad_assets.graph.reading.children import read_children
from aad_assets.graph.reading.collections import read_collection
from aad_assets.graph.reading.extensions import Extensions, read_extensions
from aad_assets.graph.reading.pagination import TransformedPart
from aad_assets.graph.reading.parents import Key, read_parent_keys, read_parent_list
from aad_assets.graph.reading.row_adapters import flatten_links, keep_owned, read_singleton, to_edges, wrap_strings
from aad_assets.graph.reading.select import Selection
from aad_assets.graph.requests.client import GraphClient
from aad_assets.graph.requests.meter import Meter
from aad_assets.reload.deadline import not_counted
from aad_assets.warehouse.staging.entity_stage import EntityStage, Staged
from aad_assets.wording import listed


@dataclass
class Progress:
    """The state of one entity's read, for its children and for progress lines."""

    meter: Meter = field(default_factory=Meter)
    keys: "asyncio.Future[dict[str, list[Key]]]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    """The values of `parent_key` for each child in the run, by table; cancelled if the entity was not read."""
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    error: Exception | None = None
    """Why the entity was not published; None if it was, or has not ended."""
    refusals: tuple[Refusals, ...] = ()
    """Parents that were refused in this entity's read: its own, and those of tables above it that the run does not load."""
    inherited: tuple[Refusals, ...] = ()
    """Parents that were refused in the reads of entities above it. Their rows below are not known either."""

    @property
    def was_read(self) -> bool:
        """All rows were read, even if they were not published."""
        return self.keys.done() and not self.keys.cancelled()


class Reader:
    """Reads the entities of one run, which share the keys of parents and the list of directory extension properties."""

    def __init__(self, client: GraphClient, entities: Iterable[Entity]) -> None:
        self.client = client
        self.progress = {entity.table: Progress() for entity in entities}
        self._children = {entity.table: [child for child in entities if child.parent == entity.table] for entity in entities}
        self._extensions: asyncio.Task[Extensions] | None = None
        self._parent_lists: dict[str, asyncio.Task[list[Key] | None]] = {}

    async def with_extension_properties(self, entity: Entity) -> tuple[Entity, str | None]:
        """Return `entity` with the tenant's directory extension properties as columns, and why some of them may be missing.

        The properties are read once per run.
        """
        if not entity.extensible:
            return entity, None
        extensions = await self._read_extensions()
        problem = extensions.problem
        if names := without_column(entity, extensions.found):
            have = "has" if len(names) == 1 else "have"
            problem += f" {listed(names[:10])} {have} no column because another property has the same name in another case."
        return with_extensions(entity, extensions.found), problem.strip() or None

    async def knows_extensions(self, entity: Entity) -> bool:
        """Return whether stored extension columns that `entity` does not declare are those of properties that are gone.

        This waits for the table of the properties, if it is part of the run: a gate may block what was read.
        """
        if not entity.extensible:
            return True
        if (table := self.progress.get("extension_properties")) is not None:
            await table.ended.wait()
        return (await self._read_extensions()).is_proof and not (table and table.error)

    async def _read_extensions(self) -> Extensions:
        if self._extensions is None:
            self._extensions = asyncio.create_task(read_extensions(self.client, Meter()))
        return await asyncio.shield(self._extensions)

    async def read(self, entity: Entity, staging: EntityStage) -> Selection:
        """Read every row that Graph has now into `staging`, and note which parents were refused. Raises AadAssetsError.

        See also `log_reader.py`.
        """
        progress = self.progress[entity.table]
        progress.refusals = progress.inherited = ()
        meter = progress.meter
        match entity.shape:
            case Shape.SINGLETON:
                return await read_singleton(
                    self.client, entity, meter, TransformedPart(staging.part(), flatten_links(entity))
                )
            case Shape.CHILDREN:
                flat = TransformedPart(staging.part(), flatten_links(entity))
                parents, folder = await self._parents(entity), staging.stage.folder
                selection = await read_children(self.client, entity, parents, meter, flat, spool_folder=folder)
                if selection.refused:
                    progress.refusals += (Refusals(entity.table, selection.refused, selection.parents),)
                return selection
            case Shape.EXPAND:
                return await read_collection(self.client, entity, meter, staging, transform=to_edges(entity))
            case Shape.STRINGS:
                return await read_collection(self.client, entity, meter, staging, transform=wrap_strings)
            case _ if entity.owner_column:
                owners = {key[0] for key in await self._parents(entity)}
                return await read_collection(self.client, entity, meter, staging, transform=keep_owned(entity, owners))
            case _:
                return await read_collection(self.client, entity, meter, staging, transform=flatten_links(entity))

    async def hand_keys_to_children(self, entity: Entity, staging: EntityStage, staged: Staged) -> None:
        """Give the children in the run the keys of their parents, while the parents' rows are still staged."""
        if children := self._children[entity.table]:
            self.progress[entity.table].keys.set_result(
                {
                    child.table: child.parent_keys(await staging.values(staged.relation, child.parent_sources))
                    for child in children
                }
            )

    async def _parents(self, entity: Entity) -> list[Key]:
        """Return the keys of the parents: from the parent's own read if it is part of the run, so that both tables agree."""
        if entity.parent_list and (listed := await self._parent_list(entity)) is not None:
            return listed
        parent, progress = self.progress.get(entity.parent or ""), self.progress[entity.table]
        if parent is None:
            keys = await read_parent_keys(self.client, entity, progress.meter)
            progress.refusals = keys.refused
            return keys.found
        with not_counted(self.progress[entity.table].meter):
            await asyncio.wait([parent.keys])
        if parent.keys.cancelled():
            raise _without_parent(entity, parent)
        progress.inherited = (*parent.inherited, *parent.refusals)
        return parent.keys.result()[entity.table]

    async def _parent_list(self, entity: Entity) -> list[Key] | None:
        """Return the keys in `entity.parent_list`, which is read once per run; None if Graph does not return it."""
        name = entity.parent_list or ""
        if name not in self._parent_lists:
            reading = read_parent_list(self.client, entity, self.progress[entity.table].meter)
            self._parent_lists[name] = asyncio.create_task(reading)
        return await asyncio.shield(self._parent_lists[name])

    async def without_parent_list(self, entity: Entity) -> str | None:
        """Return why children were requested for more parents than necessary; None if they were not."""
        if not entity.parent_list or entity.parent_list not in self._parent_lists:
            return None
        if await self._parent_list(entity) is not None:
            return None
        permissions = " and ".join(CATALOG[entity.parent_list].permissions)
        return (
            f"Graph did not return {entity.parent_list}, so rows were requested for every parent that could have some. "
            f"Grant {permissions}."
        )

    async def wait_for_parent(self, entity: Entity) -> None:
        """Wait until the parent in the run has ended. Raises AadAssetsError if it was not published."""
        if parent := self.progress.get(entity.parent or ""):
            await parent.ended.wait()
            if parent.error:
                raise _without_parent(entity, parent)

    async def close(self) -> None:
        """Cancel what is still running."""
        running = [*self._parent_lists.values(), *([self._extensions] if self._extensions else [])]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


def _without_parent(entity: Entity, parent: Progress) -> AadAssetsError:
    """Return the error of children whose parent was not published. They are skipped if the parent is."""
    if isinstance(parent.error, EntitySkipped):
        return parent.error
    if not parent.was_read:
        why = "could not be read"
    elif isinstance(parent.error, LoadBlocked):
        why = "was read but blocked by a gate"
    else:
        why = "was read but could not be written"
    return AadAssetsError(f"not published because {entity.parent} {why} in this run. Fix {entity.parent}, then reload both.")
