"""Probing entities: one small request each, in the form in which a reload makes it.

Only the names of the rows' members are examined.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import msgspec

from aad_assets.catalog import CATALOG, Entity, Shape
from aad_assets.catalog.access import Access, missing_permissions
from aad_assets.catalog.types import properties
from aad_assets.concurrency import gather_or_cancel
from aad_assets.errors import AadAssetsError, ConfigurationError, GraphError, PermissionMissing
from aad_assets.graph.probing.children import MAX_PARENTS, REFUSED, ChildrenProbe, decode_members
from aad_assets.graph.probing.findings import Finding, Status, failure
from aad_assets.graph.reading.collections import SELECT_REJECTED, negotiate, with_other_page_size
from aad_assets.graph.reading.extensions import Extensions, read_extensions
from aad_assets.graph.reading.pagination import fetch_page
from aad_assets.graph.reading.parents import Key
from aad_assets.graph.reading.queries import collection_query, passes_for, try_forms
from aad_assets.graph.reading.row_adapters import fetch_singleton
from aad_assets.graph.reading.select import Selection
from aad_assets.graph.requests.client import GraphClient
from aad_assets.graph.requests.meter import Meter
from aad_assets.wording import counted

_SAMPLE = 50
"""Rows whose members are examined."""


@dataclass(frozen=True)
class _Readable:
    """The result of a probe that succeeded."""

    rows: Sequence[msgspec.Raw] = ()
    note: str = ""
    rejected: tuple[str, ...] = ()


class _ParentUnreadable(Exception):
    """The parent's rows cannot be read, so no children can be requested."""

    def __init__(self, error: AadAssetsError) -> None:
        self.error = error


class EntityProbe:
    """Probes entities of one tenant with one client, for a token with `access`.

    With `sample`, it also examines rows for undeclared members. Call `close` at the end.
    """

    def __init__(self, client: GraphClient, access: Access, *, sample: bool = False) -> None:
        self._client = client
        self._access = access
        self._sample = sample
        self._top = _SAMPLE if sample else 1
        self._meter = Meter()
        self._children = ChildrenProbe(client, self._meter)

    async def close(self) -> None:
        """Cancel requests that are still running."""
        await self._children.close()

    async def read_extensions(self) -> Extensions | None:
        """Read the tenant's directory extension properties. Return None if that fails.

        Raises ConfigurationError if the sign-in fails.
        """
        try:
            return await read_extensions(self._client, self._meter)
        except AadAssetsError as error:
            if isinstance(error, ConfigurationError):
                raise
            return None

    async def probe_all(self, entities: Iterable[Entity], on_finding: Callable[[Finding], None]) -> list[Finding]:
        """Probe entities concurrently, within the rate limits, and call `on_finding` with each finding as it is made.

        Return the findings in the entities' order. Raises ConfigurationError if the sign-in fails meanwhile.
        """

        async def one(entity: Entity) -> Finding:
            finding = await self.probe(entity)
            on_finding(finding)
            return finding

        return await gather_or_cancel(one(entity) for entity in entities)

    async def probe(self, entity: Entity) -> Finding:
        """Probe one entity. Raises ConfigurationError if the sign-in fails."""
        try:
            self._access.check(entity)
            result = await self._try(entity)
            undeclared = _undeclared(entity, await self._sample_rows(entity, result)) if self._sample else ()
        except ConfigurationError:
            raise
        except _ParentUnreadable as unreadable:
            return await self._without_parent(entity, unreadable.error)
        except AadAssetsError as error:
            return failure(entity, error, self._access)
        return Finding(
            entity,
            Status.READABLE,
            note=result.note,
            rejected=result.rejected,
            empty_columns=self._access.empty_columns(entity),
            undeclared=undeclared,
        )

    async def _without_parent(self, entity: Entity, error: AadAssetsError) -> Finding:
        """Return the parent's finding, with the permissions that either of the two lacks."""
        parent = CATALOG[entity.parent or ""]
        finding = failure(parent, error, self._access)
        missing = finding.missing
        try:
            await self._children.children(entity, None, self._top)
        except ConfigurationError:
            raise
        except AadAssetsError as own:
            missing = tuple(dict.fromkeys([*missing, *failure(entity, own, self._access).missing]))
        note = f"its parent {parent.table} cannot be read" + (f": {finding.note}" if finding.note else "")
        return replace(finding, entity=entity, missing=missing, note=note)

    async def _try(self, entity: Entity) -> _Readable:
        match entity.shape:
            case Shape.SINGLETON:
                body, selection = await fetch_singleton(self._client, entity, self._meter)
                return _Readable([msgspec.Raw(body)], _without(selection), selection.unrequested)
            case Shape.CHILDREN:
                return await self._try_children(entity)
            case _:
                return await self._try_collection(entity)

    async def _try_collection(self, entity: Entity) -> _Readable:
        filter_ = f"{entity.time_property} ge {datetime.now(UTC).date()}T00:00:00Z" if entity.time_property else None
        pages = []
        try:
            for select in passes_for(self._client, entity, filter_):
                query = collection_query(self._client, entity, select, top=self._top, filter_=filter_)
                pages.append(await fetch_page(self._client, query, self._meter))
            return _Readable(pages[0].value)
        except SELECT_REJECTED as rejection:
            if smaller := with_other_page_size(entity, rejection):
                return await self._try_collection(smaller)
            _, selection = await negotiate(self._client, entity, self._meter, rejection)
        return _Readable(note=_without(selection), rejected=(*selection.rejected, *selection.unrequested))

    async def _try_children(self, entity: Entity) -> _Readable:
        """Request the children of the first parent, with every cast; those of a few others if Graph refuses that one."""
        try:
            parents = await self._children.parents(entity)
        except ConfigurationError:
            raise
        except AadAssetsError as error:
            raise _ParentUnreadable(error) from None
        if not parents:
            return await self._try_parent(entity, None)
        refused: list[AadAssetsError] = []
        for parent in parents[:MAX_PARENTS]:
            try:
                found = await self._try_parent(entity, parent)
            except REFUSED as error:
                if self._proves_missing_permission(entity, error):
                    raise
                refused.append(error)
                continue
            note = f"Graph refuses {len(refused)} of {counted(len(refused) + 1, 'parent')}: {refused[0]}" if refused else ""
            return replace(found, note="; ".join(filter(None, [found.note, note])))
        raise next((error for error in refused if not isinstance(error, PermissionMissing)), refused[0])

    async def _try_parent(self, entity: Entity, parent: Key | None) -> _Readable:
        rows, unrequested = await try_forms(entity, lambda form: self._children.children(form, parent, self._top))
        selection = Selection((entity.select,), unrequested=unrequested)
        return _Readable(rows, _without(selection) if parent else "no parents to try", unrequested)

    def _proves_missing_permission(self, entity: Entity, error: AadAssetsError) -> bool:
        """Return whether no other parent needs to be tried, because the token lacks the permission that Graph asks for."""
        granted = self._access.granted
        return isinstance(error, PermissionMissing) and granted is not None and bool(missing_permissions(entity, granted))

    async def _sample_rows(self, entity: Entity, result: _Readable) -> Sequence[msgspec.Raw]:
        """Return rows with the members that Graph returns by default: those of the probe, unless it had a `$select`."""
        if not entity.needs_select:
            return result.rows
        unselected = replace(entity, needs_select=False)
        with suppress(GraphError):  # The entity is still readable in the form that a reload requests.
            if entity.shape is not Shape.CHILDREN:
                query = collection_query(self._client, unselected, (), top=_SAMPLE)
                return (await fetch_page(self._client, query, self._meter)).value
            if parents := await self._children.parents(entity):
                return (await self._children.page(unselected, parents[0], top=_SAMPLE)).value
        return ()


def _without(selection: Selection) -> str:
    """Return what Graph rejects of the request, as a note."""
    names = (*selection.rejected, *selection.unrequested)
    return f"read without {', '.join(names)}, which Graph rejects" if names else ""


def _undeclared(entity: Entity, rows: Sequence[msgspec.Raw]) -> tuple[str, ...]:
    """Return the members that the catalogue does not declare, for entities whose rows hold more than ids."""
    if entity.edge or entity.properties or entity.shape is Shape.STRINGS:
        return ()
    known = {*properties(entity.type, entity.version), *(column.source for column in entity.all_columns)}
    known |= {link.name for link in entity.links} | entity.never_stored
    names = {name for row in rows for name in decode_members(row)}
    return tuple(sorted(name for name in names - known if "@" not in name))
