"""Reading children: one collection for each parent, such as `/groups/{id}/members`, in batches.

A parent's key may have several values: `/definitions/{id}/instances/{id}/decisions`. The rows of a parent wait in a spool and
are passed on once all of them have arrived. A parent that Graph refuses costs only itself, as long as others answer. Sources:
learn.microsoft.com/graph/api/group-list-members, and its known issue that v1.0 omits service principals. See also
`parents.py` for the keys of the parents, `casts.py` and `refusals.py`.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from pathlib import Path

from aad_assets.catalog import CATALOG, Entity
from aad_assets.concurrency import for_each
from aad_assets.errors import (
    AadAssetsError,
    GraphError,
    GraphUnavailable,
    InvalidResponse,
    NextLinkRejected,
    NotFound,
    NotFromGraph,
    PageTokenExpired,
    RequestRejected,
)
from aad_assets.graph.reading.casts import Cast
from aad_assets.graph.reading.child_items import ChildItem, Parent, complete_rows
from aad_assets.graph.reading.collections import with_other_page_size
from aad_assets.graph.reading.pagination import MAX_RESTARTS, Page, Part, decode_page, decode_single, fetch_page, read_pages
from aad_assets.graph.reading.queries import ID_PLACEHOLDER, NO_SUCH_ID, Query, child_query, fill_path, try_forms
from aad_assets.graph.reading.refusals import ENOUGH, RefusalTally, is_momentary
from aad_assets.graph.reading.select import Selection
from aad_assets.graph.reading.spool import Slice, Spool
from aad_assets.graph.requests.batch import run_batches
from aad_assets.graph.requests.client import GraphClient
from aad_assets.graph.requests.meter import Meter
from aad_assets.graph.requests.retries import RetryBudget

_ROUNDS = 3
"""How often, at the end of the read, parents are requested again that may have been refused for a moment only."""

_FEW_ATTEMPTS = 3
"""Attempts at a request when many others were in vain."""

_MAX_SINGLE = 200
"""Parents with a 404 that are requested outside of batches in the last round, in case they are lost only there."""

_SHORT_WAIT = 30.0
"""Seconds that a request in these rounds waits because Graph throttles it."""


async def read_children(
    client: GraphClient,
    entity: Entity,
    parents: Sequence[tuple[str, ...]],
    meter: Meter,
    part: Part,
    *,
    spool_folder: Path | None = None,
) -> Selection:
    """Read the children of all `parents` (their keys) into `part`, and close it. A deleted parent has no children.

    The result names the parents that Graph refuses although others answered: none of their rows are in `part`. Rows wait
    in a file in `spool_folder` until those of their parent are complete.

    Raises GraphError or InvalidResponse if no parent answered, or if something is wrong with all requests, and
    WarehouseError if the file cannot be written.
    """

    async def read(form: Entity) -> Selection:
        if form is not entity:
            await part.discard()
            meter.rows = 0
        with Spool(spool_folder) as spool:
            return await _Reading(client, form, meter, part, spool).read(parents)

    meter.parents_expected = len(parents)
    if not parents and entity.licence and entity.filter:
        await _check_licence(client, entity, meter)
    selection, unrequested = await try_forms(entity, read)
    await part.close()
    return replace(selection, passes=(entity.select,), unrequested=unrequested)


async def _check_licence(client: GraphClient, entity: Entity, meter: Meter) -> None:
    """Request the children of an object that does not exist, to prove licence and permission although there are no parents.

    Raises LicenceMissing or PermissionMissing if Graph reports that one is missing.
    """
    query = child_query(client, entity, (NO_SUCH_ID,))
    with suppress(NotFound, RequestRejected):
        await client.get(query.url, decode_page, meter, families=query.families)


def _spread(parents: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Return the parents, those first that are spread evenly over the list.

    Graph may refuse many in a row, such as groups of one kind. That all of the first ones are refused says more about the
    others if they come from everywhere.
    """
    step = max(1, len(parents) // ENOUGH)
    return [parent for first in range(step) for parent in parents[first::step]]


class _Reading:
    """One read of the children of an entity, in one form of the request."""

    def __init__(self, client: GraphClient, entity: Entity, meter: Meter, part: Part, spool: Spool) -> None:
        self._client = client
        self._few = client.with_retry(replace(client.retry, attempts=min(_FEW_ATTEMPTS, client.retry.attempts)))
        self._entity = entity
        self._meter = meter
        self._part = part
        self._spool = spool
        self._casts = {name: Cast(entity, name) for name in entity.casts}
        self._refusals = RefusalTally(entity)
        self._settled = 0
        self._again: list[Parent] = []
        """Parents that are requested again at the end, because they may have been refused for a moment only."""
        self._held: list[Parent] = []
        """Parents that lack nothing but a cast. What becomes of them depends on whether Graph answers it for others."""
        self._round = 0

    async def read(self, parents: Sequence[tuple[str, ...]]) -> Selection:
        """Read the children of `parents` into the part. Raises GraphError or InvalidResponse if no parent answered."""
        keys = deque(_spread(parents))
        while keys:
            self._round = 0
            await self._run(self._first_items(keys))
            await self._ask_again()
            if len(self._refusals) >= ENOUGH:
                self._raise_if_unanswered()
        for cast in self._casts.values():
            if cast.is_rejected:
                await self._give_up(cast)
        held, self._held = self._held, []
        for parent in held:
            self._refuse(parent)
        self._raise_if_unanswered()
        unread = [cast for cast in self._casts.values() if cast.given_up]
        return Selection(
            (),
            refused=self._refusals.found(),
            parents=len(parents),
            unread_types=tuple(cast.name for cast in unread),
            problems=tuple(cast.problem for cast in unread),
        )

    def _first_items(self, keys: deque[tuple[str, ...]]) -> Iterator[ChildItem]:
        """Yield the items of further parents, until enough of them are refused while none has answered."""
        while keys and (self._refusals.answered or self._held or len(self._again) + len(self._refusals) < ENOUGH):
            casts = [None, *(name for name, cast in self._casts.items() if not cast.given_up)]
            yield from self._items(Parent(keys.popleft(), casts), casts)

    def _items(self, parent: Parent, casts: Iterable[str | None]) -> Iterator[ChildItem]:
        retry = self._few.retry if self._refusals.is_outage else self._client.retry
        if self._round:
            retry = replace(retry, attempts=1, max_wait=min(retry.max_wait, _SHORT_WAIT))
        for cast in casts:
            query = self._query(parent, cast, advanced=cast is not None and self._casts[cast].advanced)
            yield ChildItem(self._client, query, RetryBudget(retry, self._meter), parent, cast)

    def _query(self, parent: Parent, cast: str | None, *, advanced: bool) -> Query:
        return child_query(self._client, self._entity, parent.key, cast, advanced=advanced)

    @property
    def _patience(self) -> GraphClient:
        """The client, with fewer attempts once many were in vain."""
        return self._few if self._round or self._refusals.is_outage else self._client

    async def _run(self, items: Iterable[ChildItem]) -> None:
        decode = decode_single if self._entity.one_per_parent else decode_page
        version, family = self._entity.version, self._entity.family
        await run_batches(self._patience, items, decode, self._meter, self._on_response, version=version, family=family)

    async def _on_response(self, item: ChildItem, outcome: Page | AadAssetsError) -> None:
        parent, cast = item.parent, self._casts.get(item.cast or "")
        error = await self._read_rest(item, outcome) if isinstance(outcome, Page) else outcome
        advanced = bool(item.headers)
        if cast and error and advanced and None not in parent.errors and cast.may_be_simpler(error):
            advanced = False
            error = await self._read_simply(item)
        if isinstance(error, NotFound) and self._entity.not_found_means_empty:
            error = None
        if error:
            parent.fail(item.cast, error)
        elif cast:
            cast.count_answer(advanced=advanced)
        parent.expected.discard(item.cast)
        if not parent.expected:
            await self._decide(parent)

    async def _read_simply(self, item: ChildItem) -> AadAssetsError | None:
        """Request a cast without the options of advanced queries, which Graph may reject. Return how it fails."""
        query = self._query(item.parent, item.cast, advanced=False)
        simple = ChildItem(self._client, query, item.budget, item.parent, item.cast)
        outcome = await self._fetch(simple)
        return await self._read_rest(simple, outcome) if isinstance(outcome, Page) else outcome

    async def _fetch(self, item: ChildItem) -> Page | AadAssetsError:
        """Return the first page of an item that is requested outside of a batch, or the error that it ends in."""
        try:
            return await fetch_page(self._patience, item.query, self._meter)
        except NotFromGraph:
            raise
        except (GraphError, InvalidResponse) as error:
            return error

    async def _read_rest(self, item: ChildItem, first: Page) -> AadAssetsError | None:
        """Spool the rows of a parent whose first page has arrived. Return the error that ends its chain of pages."""
        page: Page | None = first
        failure: AadAssetsError | None = None
        form, query = self._entity, item.query
        for _ in range(MAX_RESTARTS + 1):
            rows: list[Slice] = []
            try:
                async with aclosing(read_pages(self._patience, query, self._meter, page)) as chain:
                    async for more in chain:
                        rows += self._spool.write(complete_rows(self._entity, item.parent.key, item.cast, more))
            except NotFromGraph:  # The network is at fault, not this parent.
                raise
            except (GraphError, InvalidResponse) as error:
                self._spool.release(rows)
                failure, page = error, None
                if isinstance(error, NotFound):
                    return GraphUnavailable(error.response, "A page of the list is missing. Reload later")
                if isinstance(error, NextLinkRejected) and (other := with_other_page_size(form, error)):
                    form = other
                    query = child_query(self._client, form, item.parent.key, item.cast, advanced=bool(item.headers))
                elif not isinstance(error, PageTokenExpired):
                    return error
                self._meter.restarts += 1
            else:
                item.parent.rows += rows
                return None
        return failure

    async def _decide(self, parent: Parent) -> None:
        """Decide about a parent of which every item has ended."""
        if self._round == 0:
            for name, error in parent.errors.items():
                self._refusals.count_costly(error)
                if name and None not in parent.errors:
                    self._casts[name].count_rejection(error)
        await self._place(parent)
        for cast in self._casts.values():
            if cast.is_hopeless and not cast.given_up:
                await self._give_up(cast)

    async def _place(self, parent: Parent) -> None:
        """Publish, refuse or hold a parent, or leave it for the end of the read."""
        failed = {name: error for name, error in parent.errors.items() if not (name and self._casts[name].given_up)}
        if not failed:
            await self._publish(parent)
        elif self._round < _ROUNDS and any(map(is_momentary, failed.values())):
            self._again.append(parent)
        elif None in failed:
            self._refuse(parent)
        else:
            self._held.append(parent)

    async def _give_up(self, cast: Cast) -> None:
        """Do without a cast, and decide again about the parents that have waited for it."""
        cast.given_up = True
        waiting, self._again, self._held = [*self._again, *self._held], [], []
        for parent in waiting:
            await self._place(parent)

    async def _publish(self, parent: Parent) -> None:
        for where in parent.rows:
            rows = self._spool.read(where)
            await self._part.add(rows)
            self._meter.rows += len(rows)
        self._refusals.count_answer()
        self._settle(parent)

    def _refuse(self, parent: Parent) -> None:
        self._refusals.add(parent, parent.errors[None] if None in parent.errors else next(iter(parent.errors.values())))
        self._settle(parent)

    def _settle(self, parent: Parent) -> None:
        self._spool.release(parent.rows)
        parent.rows.clear()
        self._settled += 1
        self._meter.parents = self._settled

    async def _ask_again(self) -> None:
        """Request again, with pauses, what failed for parents that exist. Those that do not are gone."""
        await self._drop_gone()
        while self._again and self._round < _ROUNDS:
            self._round += 1
            await asyncio.sleep(self._client.retry.backoff(2 * self._round))
            parents, self._again = self._again, []
            lost = [parent for parent in parents if parent.is_lost][:_MAX_SINGLE] if self._round == _ROUNDS else []
            singly = set(lost)
            await for_each((item for parent in lost for item in self._repeated(parent)), self._read_singly)
            await self._run(item for parent in parents if parent not in singly for item in self._repeated(parent))

    def _repeated(self, parent: Parent) -> Iterator[ChildItem]:
        failed = [name for name in parent.errors if not (name and self._casts[name].given_up)]
        parent.errors, parent.expected = {}, set(failed)
        return self._items(parent, failed)

    async def _read_singly(self, item: ChildItem) -> None:
        """Request an item outside of a batch."""
        await self._on_response(item, await self._fetch(item))

    async def _drop_gone(self) -> None:
        """Drop the parents that no longer exist, and so have no children, from those that are requested again."""
        gone: set[tuple[str, ...]] = set()

        async def check(parent: Parent) -> None:
            if not await self._exists(parent):
                gone.add(parent.key)
                self._settle(parent)

        await for_each([parent for parent in self._again if parent.is_lost], check)
        self._again = [parent for parent in self._again if parent.key not in gone]

    async def _exists(self, parent: Parent) -> bool:
        """Return whether the parent still exists, although a request for its children returned 404."""
        before, placeholder, _ = self._entity.path.rpartition(ID_PLACEHOLDER)
        path = fill_path(before + placeholder or f"{CATALOG[self._entity.parent or ''].path}/{ID_PLACEHOLDER}", parent.key)
        url = self._client.url(path, version=self._entity.version)
        try:
            await self._few.get(url, bytes, self._meter, families=(CATALOG[self._entity.parent or ""].family,))
        except NotFromGraph:
            raise
        except (GraphError, InvalidResponse) as error:
            return not isinstance(error, NotFound)
        return True

    def _raise_if_unanswered(self) -> None:
        if self._refusals and not self._refusals.answered and not self._held:
            raise self._refusals.most_telling()
