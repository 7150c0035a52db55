"""The first request for an entity's rows: its URL with OData options, its headers, its families and its resource units.

Source: learn.microsoft.com/graph/query-parameters.
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar
from urllib.parse import quote

from aad_assets.catalog import Entity, Family, Shape
from aad_assets.catalog.columns import navigation_name
from aad_assets.errors import ErrorResponse, RequestRejected
from aad_assets.graph.reading.select import Properties, in_passes
from aad_assets.graph.requests.client import GraphClient
from aad_assets.graph.requests.rate_limits import resource_units

EVENTUAL = {"ConsistencyLevel": "eventual"}
"""The header of advanced queries (learn.microsoft.com/graph/aad-advanced-queries), sent with every page."""

NO_SUCH_ID = "00000000-0000-0000-0000-000000000000"
"""An id that no object has."""

ID_PLACEHOLDER = "{id}"
"""The placeholder for a value of the parent's key in an entity's path and filter."""

MAX_URL = 4_000
"""Characters of a URL that is requested without being asked whether it is too long.

Graph's servers limit all headers of a request to 16 KB ("The size of the request headers is too long",
github.com/microsoftgraph/microsoft-graph-explorer-v4/issues/3184). The access token takes up to 5 KB of them, and a nextLink
is longer than the request that it continues.
"""

_TOO_LONG = re.compile(
    r"\b(ur[il]|query ?string|request|header|link)s?\b.{0,60}\b(too long|too large|exceeds?)\b"
    r"|(ur[il]|query ?string|request)_?(is_?)?too_?(long|large)|\bmax(imum)? ?(ur[il]|query ?string)(.? ?length)?\b",
    re.IGNORECASE,
)

T = TypeVar("T")


@dataclass(frozen=True)
class Query:
    """The first request of a chain of pages. Further pages have the same units, families and headers."""

    url: str
    units: int = 1
    families: tuple[Family, ...] = (Family.DIRECTORY,)
    headers: Mapping[str, str] = field(default_factory=dict)
    is_action: bool = False
    """True if the first page is requested by POST."""
    is_single: bool = False
    """True if the response is one object instead of a page."""


def collection_query(
    client: GraphClient, entity: Entity, select: Sequence[str], *, top: int | None = None, filter_: str | None = None
) -> Query:
    """Return the query for `entity`'s collection, with at most `top` rows a page and narrowed by `filter_`."""
    options: dict[str, str | int] = {}
    if select:
        options["$select"] = ",".join(select)
    if entity.shape is Shape.EXPAND:
        options["$expand"] = f"{entity.edge}($select=id)"
    elif entity.expand:
        options["$expand"] = ",".join(entity.expand)
    if entity.page_size:
        options["$top"] = min(top or entity.page_size, entity.page_size)
    if filters := [each for each in (entity.filter, filter_) if each]:
        options["$filter"] = " and ".join(filters)
    families: tuple[Family, ...] = (entity.family,)
    if "keyCredentials" in select:
        families += (Family.KEY_CREDENTIALS,)
    units = resource_units(entity.path, select=bool(select), expand="$expand" in options, top=top)
    url = client.url(entity.path, options, entity.version)
    return Query(url, units, families, is_action=entity.shape is Shape.ACTION)


def passes_for(client: GraphClient, entity: Entity, filter_: str | None = None) -> tuple[Properties, ...]:
    """Return the `$select` for `entity`'s collection in as few passes as need no URL above MAX_URL."""

    def fits(select: Properties) -> bool:
        return len(collection_query(client, entity, select, filter_=filter_).url) <= MAX_URL

    return in_passes(fits, entity.select)


def says_too_long(response: ErrorResponse) -> bool:
    """Return whether Graph rejected a request because of the length of its URL.

    Directories, proxies and web servers say so in different ways: 414, or 400 or 404 with a code or a message.
    """
    texts = (response.code, response.inner_code, response.message)
    return response.status in (414, 431) or (response.status in (400, 404) and any(map(_TOO_LONG.search, texts)))


def singleton_query(client: GraphClient, entity: Entity) -> Query:
    """Return the query for an entity that is a single object."""
    options = {"$expand": ",".join(entity.expand)} if entity.expand else {}
    return Query(client.url(entity.path, options, entity.version), families=(entity.family,))


def child_query(
    client: GraphClient,
    entity: Entity,
    parent: tuple[str, ...],
    cast: str | None = None,
    *,
    top: int | None = None,
    advanced: bool = True,
) -> Query:
    """Return the query for the children of one parent, or for those of the type `cast`, at most `top` a page.

    A cast is an `advanced` query. Where Graph rejects those, as in B2C tenants, it may accept the cast alone.
    """
    options: dict[str, str | int] = {}
    page_size = min(top or entity.page_size, entity.page_size) if entity.page_size else None
    if entity.select:
        options["$select"] = ",".join(entity.select)
    if entity.expand:
        options["$expand"] = ",".join(entity.expand)
    if page_size:
        options["$top"] = page_size
    if entity.filter:
        options["$filter"] = entity.filter.replace(ID_PLACEHOLDER, escape_quotes(parent[0]))
    advanced = advanced and cast is not None
    if advanced:
        options["$count"] = "true"
    path = fill_path(entity.path, parent) + (f"/microsoft.graph.{cast}" if cast else "")
    units = resource_units(entity.path, select=bool(entity.select), expand=bool(entity.expand), top=page_size)
    url = client.url(path, options, entity.version)
    return Query(url, units, (entity.family,), EVENTUAL if advanced else {}, is_single=entity.one_per_parent)


def simpler_forms(entity: Entity) -> list[Entity]:
    """Return entities whose requests ask for less, to try in order if Graph rejects the request for `entity`.

    Some collections document no nested `$select`, no `$expand` or no `$select`. What a form does not ask for may still come
    by itself. Columns are always those of `entity`.
    """
    if entity.shape is Shape.CHILDREN and not entity.expand:
        return []  # Only `$expand` is not documented everywhere. Other rejections are not worth reading all parents again.
    plain_links = tuple(replace(link, properties=()) for link in entity.links)
    without_options = replace(entity, links=plain_links, inline=tuple(map(navigation_name, entity.inline)))
    without_expand = replace(entity, links=(), inline=())
    forms = [without_options, without_expand, replace(without_expand, needs_select=False)]
    requested = [(entity.expand, entity.needs_select)]
    found = []
    for form in forms:
        if (form.expand, form.needs_select) not in requested:
            requested.append((form.expand, form.needs_select))
            found.append(form)
    return found


def unrequested(entity: Entity, form: Entity) -> tuple[str, ...]:
    """Return the sources of the columns of `entity` that the simpler `form` does not ask for."""
    names: list[str] = []
    if not form.links:
        names += (name for link in entity.links for name in link.column_names().values())
    if not form.inline:
        names += map(navigation_name, entity.inline)
    if not form.needs_select:
        names += entity.select[1:]
    return tuple(names)


async def try_forms(entity: Entity, request: Callable[[Entity], Awaitable[T]]) -> tuple[T, tuple[str, ...]]:
    """Make a request in the fullest form that Graph accepts. Return its result, and what that form does not ask for.

    Raises the first rejection if Graph rejects every form, and any other error of `request` at once.
    """
    rejections: list[RequestRejected] = []
    for form in (entity, *simpler_forms(entity)):
        try:
            return await request(form), unrequested(entity, form)
        except RequestRejected as rejection:
            rejections.append(rejection)
    raise rejections[0]


def fill_path(path: str, parent: Sequence[str]) -> str:
    """Return `path` with the values of the parent's key in place of its placeholders, percent-encoded."""
    for value in parent:
        path = path.replace(ID_PLACEHOLDER, quote(value, safe=""), 1)
    return path


def escape_quotes(text: str) -> str:
    """Return `text` as it stands in a quoted OData string."""
    return text.replace("'", "''")
