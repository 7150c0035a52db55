"""Whether each entity can be read: one small request each, in the form in which a reload asks.

Rows are looked at for the names of their members alone. Not here: reading (`lists.py`, `children.py`), what is printed.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import msgspec

from aad_assets.catalog import CATALOG, Entity, Shape
from aad_assets.catalog.extensions import ExtensionProperty, extended
from aad_assets.catalog.types import properties
from aad_assets.concurrency import gather_or_cancel
from aad_assets.errors import (
    AadAssetsError,
    ConfigurationError,
    ErrorResponse,
    GraphError,
    LicenceMissing,
    NotFound,
    RequestRejected,
)
from aad_assets.graph.probing.preflight import preflight
from aad_assets.graph.reading.children import NOBODY, child_url
from aad_assets.graph.reading.collections import SELECT_REJECTED, answered, collection_query, with_other_page_size
from aad_assets.graph.reading.extensions import read_extensions
from aad_assets.graph.reading.pagination import EVENTUAL, Page, Query, first_page, followed
from aad_assets.graph.reading.parents import Key
from aad_assets.graph.requests.client import GraphClient, RetryPolicy
from aad_assets.graph.requests.meter import Meter
from aad_assets.graph.requests.rate_limits import RateLimits, resource_units
from aad_assets.identity.claims import read_claims
from aad_assets.identity.token_source import TokenSource
from aad_assets.settings import Connection
from aad_assets.transport import Transport

RETRY = RetryPolicy(attempts=3, patience=60.0)
"""A fault that lasts is an answer, too."""

_PARENTS = 5
"""Parents to try when the children that are looked for are parents themselves."""

_PAGES = 10
"""Pages to look through for a parent that can have children at all."""

_SAMPLE = 50
"""Rows whose members are looked at."""


class Status(StrEnum):
    """How a probe ended; the names are stable, since `aad-assets check --json` shows them."""

    READABLE = "readable"
    PERMISSION = "permission_missing"
    REFUSED = "refused"
    """401 or 403, although the token holds the permissions."""
    LICENCE = "licence_missing"
    CLOUD = "not_in_this_cloud"
    ERROR = "error"


@dataclass(frozen=True)
class Finding:
    """What became of one entity's probe."""

    entity: Entity
    status: Status
    missing: tuple[str, ...] = ()
    """Permissions to grant."""
    note: str = ""
    """What else there is to say: no parents to try, properties that are refused, the parent that cannot be read."""
    response: ErrorResponse | None = None
    """What Graph said when it refused."""
    rejected: tuple[str, ...] = ()
    """Properties of the `$select` that Graph does not answer to: they are left out."""
    undeclared: tuple[str, ...] = ()
    """Members that came and are not declared, when a sample was asked for."""


@dataclass
class Report:
    """What is known of a tenant after a probe."""

    tenant_id: str
    granted: frozenset[str] | None
    """Permissions in the token; None when the token cannot be read."""
    findings: list[Finding]
    extensions: list[ExtensionProperty] | None
    """Directory extension properties of the tenant; None when they could not be read."""


async def probe_tenant(
    connection: Connection,
    entities: Sequence[Entity],
    *,
    sample: bool = False,
    told: Callable[[Finding], None] = lambda _: None,
) -> Report:
    """Sign in and try all `entities`; `told` gets each finding as it is made, the report has them in the entities' order.

    `sample`: look for undeclared members as well. Raises ConfigurationError when sign-in or Graph cannot be reached or used.
    """
    connection.check()
    transport = Transport(connection)
    tokens = TokenSource(connection, transport)
    rate_limits = RateLimits(connection.quota_share)
    tenant_id = await tokens.tenant_id()
    granted = permissions_in(await tokens.token())
    await preflight(connection.base_url, tokens, transport, rate_limits)
    async with GraphClient(connection.base_url, tokens, transport, rate_limits, RETRY) as client:
        probe = Probe(client, granted, sample=sample)
        try:
            extensions = await probe.extensions() if any(entity.extensible for entity in entities) else None
            known = extensions or ()
            findings = await probe.all([extended(each, known) if each.extensible else each for each in entities], told)
        finally:
            await probe.close()
    return Report(tenant_id, granted, findings, extensions)


def permissions_in(token: str) -> frozenset[str] | None:
    """The permissions that a token names, app-only or delegated. For telling alone: the signature is not looked at."""
    if not (claims := read_claims(token)):
        return None
    try:
        held = msgspec.convert(claims, _Claims)
    except msgspec.ValidationError:
        return None
    return frozenset([*held.roles, *held.scp.split()])


class _Claims(msgspec.Struct):
    roles: list[str] = msgspec.field(default_factory=list)
    scp: str = ""


@dataclass(frozen=True)
class _Found:
    """A probe that was answered."""

    rows: Sequence[msgspec.Raw] = ()
    note: str = ""
    rejected: tuple[str, ...] = ()


class _ParentUnreadable(Exception):
    """The parent's rows, without which there are no children to ask for."""

    def __init__(self, error: AadAssetsError) -> None:
        self.error = error


class Probe:
    """Tries entities of one tenant; parents that several of them ask for are read once."""

    def __init__(self, client: GraphClient, granted: Collection[str] | None, *, sample: bool = False) -> None:
        self._client = client
        self._granted = granted
        self._sample = sample
        self._top = _SAMPLE if sample else 1
        self._meter = Meter()
        self._parents: dict[Any, asyncio.Task[list[Key]]] = {}

    async def close(self) -> None:
        """Leave nothing running."""
        for task in self._parents.values():
            task.cancel()
        await asyncio.gather(*self._parents.values(), return_exceptions=True)

    async def extensions(self) -> list[ExtensionProperty] | None:
        """Those of the tenant; None when it does not say."""
        try:
            return await read_extensions(self._client, self._meter)
        except AadAssetsError as error:
            if isinstance(error, ConfigurationError):
                raise
            return None

    async def all(self, entities: Iterable[Entity], told: Callable[[Finding], None]) -> list[Finding]:
        """Side by side, within the quotas. Raises ConfigurationError when the sign-in fails on the way."""

        async def one(entity: Entity) -> Finding:
            finding = await self.entity(entity)
            told(finding)
            return finding

        return await gather_or_cancel(one(entity) for entity in entities)

    async def entity(self, entity: Entity) -> Finding:
        """What becomes of one entity."""
        try:
            found = await self._try(entity)
            undeclared = _undeclared(entity, await self._sampled(entity, found)) if self._sample else ()
        except ConfigurationError:
            raise
        except _ParentUnreadable as unreadable:
            return await self._without_parent(entity, unreadable.error)
        except AadAssetsError as error:
            return self._failed(entity, error)
        return Finding(entity, Status.READABLE, note=found.note, rejected=found.rejected, undeclared=undeclared)

    def _failed(self, entity: Entity, error: AadAssetsError) -> Finding:
        if not isinstance(error, GraphError):
            return Finding(entity, Status.ERROR, note=str(error))
        answer = error.response
        if isinstance(error, LicenceMissing):
            return Finding(entity, Status.LICENCE, response=answer)
        if answer.status in (401, 403):
            missing = tuple(name for name in entity.permissions if name not in (self._granted or ()))
            return Finding(entity, Status.PERMISSION if missing else Status.REFUSED, missing, response=answer)
        if isinstance(error, NotFound) or _is_no_path(answer):
            return Finding(entity, Status.CLOUD, response=answer)
        return Finding(entity, Status.ERROR, response=answer)

    async def _without_parent(self, entity: Entity, error: AadAssetsError) -> Finding:
        """What ails the parent, and the permissions that both lack."""
        parent = CATALOG[entity.parent or ""]
        finding = self._failed(parent, error)
        missing = finding.missing
        try:
            await self._children_of(entity, None)
        except ConfigurationError:
            raise
        except AadAssetsError as own:
            missing = tuple(dict.fromkeys([*missing, *self._failed(entity, own).missing]))
        note = f"{parent.table}, which it is read by, cannot be read" + (f": {finding.note}" if finding.note else "")
        return replace(finding, entity=entity, missing=missing, note=note)

    async def _try(self, entity: Entity) -> _Found:
        match entity.shape:
            case Shape.SINGLETON:
                url, whole = self._client.url(entity.path), msgspec.json.Decoder(msgspec.Raw).decode
                return _Found([await self._client.get(url, whole, self._meter, families=(entity.family,))])
            case Shape.CHILDREN:
                return await self._try_children(entity)
            case _:
                return await self._try_list(entity)

    async def _try_list(self, entity: Entity) -> _Found:
        filter_ = f"{entity.time_property} ge {datetime.now(UTC).date()}T00:00:00Z" if entity.time_property else None
        query = collection_query(self._client, entity, entity.select, top=self._top, filter_=filter_)
        try:
            return _Found((await self._page(query)).value)
        except SELECT_REJECTED as refusal:
            if again := with_other_page_size(entity, refusal):
                return await self._try_list(again)
            selection = await answered(self._client, entity, self._meter, refusal)
        note = f"read without {', '.join(selection.rejected)}, which Graph refuses" if selection.rejected else ""
        return _Found(note=note, rejected=selection.rejected)

    async def _try_children(self, entity: Entity) -> _Found:
        """Of the first parent there is, and by every cast."""
        try:
            parents = await self._parents_of(entity)
        except ConfigurationError:
            raise
        except AadAssetsError as error:
            raise _ParentUnreadable(error) from None
        rows = await self._children_of(entity, parents[0] if parents else None)
        return _Found(rows, "" if parents else "no parents to try")

    async def _children_of(self, entity: Entity, parent: Key | None) -> list[msgspec.Raw]:
        """The children of a parent, by every cast; without one, of an object that there is not."""
        nobody = (NOBODY,) * len(entity.parent_key)
        rows: list[msgspec.Raw] = []
        for cast in (None, *entity.casts):
            try:
                rows += (await self._children(entity, parent or nobody, cast, self._top)).value
            except RequestRejected as error:
                if parent or _is_no_path(error.response) or error.response.status in (401, 403):
                    raise
            except NotFound as error:
                # Of a parent that is none or has just vanished, or that has no such thing: no children.
                if _is_no_path(error.response):
                    raise
        return rows

    async def _children(self, entity: Entity, parent: Key, cast: str | None = None, top: int = _SAMPLE) -> Page:
        small = replace(entity, page_size=min(top, entity.page_size)) if entity.page_size else entity
        url = f"{self._client.base_url}{child_url(self._client, small, parent, cast)}"
        units = resource_units(entity.path, select=bool(entity.select), top=small.page_size)
        return await self._page(Query(url, units, (entity.family,), EVENTUAL if cast else {}))

    async def _parents_of(self, child: Entity) -> list[Key]:
        """Keys of the first few parents that can have children, shared by all who ask for the same."""
        wanted = (child.parent, child.parent_key, child.parent_where)
        if wanted not in self._parents:
            self._parents[wanted] = asyncio.create_task(self._read_parents(child))
        return await asyncio.shield(self._parents[wanted])

    async def _read_parents(self, child: Entity) -> list[Key]:
        parent = CATALOG[child.parent or ""]
        found: list[Key] = []
        if parent.shape is Shape.CHILDREN:
            for key in await self._parents_of(parent):
                page = await self._children(parent, key, top=_PARENTS)
                front = dict(zip(parent.parent_columns, key, strict=True))
                found += _keys(page, child, front)
                if found:
                    break
            return found
        select = tuple(dict.fromkeys(["id", *child.parent_key, *(child.parent_where or ())[:1]])) if parent.selected else ()
        top = None if child.parent_where else _PARENTS
        query = collection_query(self._client, parent, select, top=top)
        for _ in range(_PAGES):
            try:
                page = await self._page(query)
            except RequestRejected as refusal:
                if (again := with_other_page_size(parent, refusal)) is None:
                    raise
                parent = again
                query = collection_query(self._client, parent, select, top=top)
                continue
            found += _keys(page, child, {})
            if found or not page.next_link:
                break
            query = replace(query, url=followed(query.url, page.next_link))
        return found

    async def _sampled(self, entity: Entity, found: _Found) -> Sequence[msgspec.Raw]:
        """Rows with what Graph sends by itself: those of the probe, or more where that had a `$select`."""
        if not entity.selected:
            return found.rows
        whole = replace(entity, selected=False)
        with suppress(GraphError):  # it is readable all the same, in the form in which a reload asks
            if entity.shape is not Shape.CHILDREN:
                return (await self._page(collection_query(self._client, whole, (), top=_SAMPLE))).value
            if parents := await self._parents_of(entity):
                return (await self._children(whole, parents[0])).value
        return ()

    async def _page(self, query: Query) -> Page:
        return await first_page(self._client, query, self._meter)


def _members(row: msgspec.Raw) -> dict[str, Any]:
    """Nothing of a row that has a lone surrogate, as texts that were cut have: another row will do."""
    try:
        return msgspec.json.decode(row, type=dict[str, Any])
    except msgspec.DecodeError:
        return {}


def _keys(page: Page, child: Entity, front: dict[str, str]) -> list[Key]:
    """Values of `child.parent_key` in the rows that qualify; `front`: what the rows do not say themselves."""
    name, wanted = child.parent_where or ("", None)
    rows = [_members(row) | front for row in page.value]
    keys = [[row.get(each) for each in child.parent_key] for row in rows if not name or row.get(name) == wanted]
    return [tuple(map(str, key)) for key in keys if all(key)]


def _undeclared(entity: Entity, rows: Sequence[msgspec.Raw]) -> tuple[str, ...]:
    """Members that the catalogue does not know, where rows hold more than ids."""
    if entity.edge or entity.properties or entity.shape is Shape.STRINGS:
        return ()
    known = {*properties(entity.type), *entity.derived, *(column.source for column in entity.every_column)}
    names = {name for row in rows for name in _members(row)}
    return tuple(sorted(name for name in names - known if "@" not in name))


def _is_no_path(answer: ErrorResponse) -> bool:
    """Graph knows no such path here."""
    return answer.status in (400, 404) and "resource not found for the segment" in answer.message.lower()
