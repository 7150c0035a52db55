"""A parent whose children are read, the requests for them, and their rows."""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from aad_assets.catalog import Entity
from aad_assets.catalog.columns import ODATA_TYPE, ODATA_TYPE_PREFIX
from aad_assets.errors import AadAssetsError, GraphError, NotFound
from aad_assets.graph.reading.queries import Query
from aad_assets.graph.reading.spool import Slice
from aad_assets.graph.requests.batch import BatchItem
from aad_assets.graph.requests.client import GraphClient
from aad_assets.graph.requests.retries import RetryBudget


class Parent:
    """A parent whose children are being read: the rows that have arrived, and what went wrong."""

    def __init__(self, key: tuple[str, ...], casts: Iterable[str | None]) -> None:
        self.key = key
        self.rows: list[Slice] = []
        """Where its rows wait."""
        self.errors: dict[str | None, AadAssetsError] = {}
        """By the cast that failed; None stands for the plain path."""
        self.expected = set(casts)
        """The casts without an answer."""

    def fail(self, cast: str | None, error: AadAssetsError) -> None:
        """Note the error in which the request for `cast` ended."""
        # The frames of a traceback keep the pages that had arrived.
        error.__traceback__ = error.__context__ = error.__cause__ = None
        self.errors[cast] = error

    @property
    def is_lost(self) -> bool:
        """Return whether a request returned 404, so that the parent may not exist any more."""
        return any(isinstance(each, NotFound) or _status(each) == 404 for each in self.errors.values())


def _status(error: AadAssetsError) -> int:
    return error.response.status if isinstance(error, GraphError) else 200


class ChildItem(BatchItem):
    """A GET of one parent's children, or of those of one type."""

    def __init__(self, client: GraphClient, query: Query, budget: RetryBudget, parent: Parent, cast: str | None):
        super().__init__(client.relative(query.url), query.units, budget, query.headers)
        self.query = query
        self.parent = parent
        self.cast = cast
        self._path = client.path(query.url)

    @property
    def name(self) -> str:
        """The request for messages, with the version of Graph if it is not v1.0."""
        return f"GET {self._path}"


def complete_rows(
    entity: Entity, key: tuple[str, ...], cast: str | None, rows: Sequence[bytes | msgspec.Raw]
) -> Iterator[bytes]:
    """Yield the rows with their parent's key, and with their type where Graph omits it because of the cast."""
    added = dict(zip(entity.parent_columns, key, strict=True)) if entity.parent_columns else {}
    front = msgspec.json.encode(added)[:-1]
    typed = msgspec.json.encode(added | {ODATA_TYPE: f"{ODATA_TYPE_PREFIX}{cast}"})[:-1]
    for row in map(bytes, rows):
        yield _prepend(typed if cast and b'"@odata.type"' not in row else front, row)


def _prepend(front: bytes, row: bytes) -> bytes:
    """Return the members of two objects as one. `front` is an object without its closing brace."""
    rest = row[1:].lstrip()
    return row if front == b"{" else front + (rest if rest == b"}" else b"," + rest)
