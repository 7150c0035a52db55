"""What a declaration of a collection says. The declarations stand beside this file, by area."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from .. import errors
from ..directory.edges import TYPES
from ..directory.rendering import Kind
from ..tenant import Directory

Rows = Callable[[Directory, tuple[int, ...]], Kind]
Starts = Callable[[Directory, str], Sequence[int]]


@dataclass(frozen=True, eq=False)
class Collection:
    """One collection.

    `path` has `{id}` for parents; `rows` gives the objects on a day, given the parents' keys. `page` is the largest
    $top, None where the collection does not page (its whole answer is one page unless $top is sent). `roles`: any one
    of these permissions suffices.
    """

    table: str
    path: str
    type: str
    rows: Rows
    roles: tuple[str, ...]
    page: int | None = 999
    default_page: int = 100
    family: str = "directory"
    cost: int = 1
    context: str = ""
    select_only: bool = False
    eventual: bool = False
    """Answers advanced queries alone: ConsistencyLevel: eventual and $count=true."""
    single_only: frozenset[str] = frozenset()
    """Properties that exist on a single object only: a list that names them answers 400."""
    not_in_lists: frozenset[str] = frozenset()
    """Properties that make a list answer 501."""
    starts: tuple[str, Starts] | None = None
    """The property whose startsWith() is supported, and how it is found."""
    expands: frozenset[str] = frozenset()
    scan: bool = False
    """Comparisons on any property are supported (small collections and logs)."""
    restricted: dict[str, str] = field(default_factory=dict)
    """Properties that need a permission of their own."""
    log: bool = False
    """Rows are sorted by time and asked for by a window of time."""
    required: tuple[tuple[str, ...], ...] = ()
    """Properties that $filter must compare by eq: any one of these sets."""
    incomplete: Callable[[], errors.GraphError] = errors.filter_missing
    """The refusal without them."""
    licence: str = ""
    """The licence that the tenant needs, by its name in licensing.py."""
    unlicensed: Callable[[], errors.GraphError] = errors.not_licensed
    """The refusal without that licence: not every area words it alike."""
    form: Literal["list", "singleton", "action", "function", "view"] = "list"
    """A singleton answers one object at the path itself; an action is a list that is asked for by POST; a function a list
    of plain values; a view is a table that is read through another collection at the same path."""
    key: str = "id"
    """The property whose value names one object in the path."""
    server_page: int | None = None
    """Rows on a page where nothing says how many there may be, but the server pages all the same."""
    no_top: bool = False
    """Refuses $top."""
    missing: Callable[[Directory, int], bool] | None = None
    """Says whether the parent has no such collection: 404, not an empty list."""
    hidden: Callable[[Directory, int], bool] | None = None
    """Says whether the parent hides its members from apps without Member.Read.Hidden."""

    @property
    def segments(self) -> tuple[str, ...]:
        """The path, split."""
        return tuple(self.path.strip("/").split("/"))

    @property
    def related(self) -> bool:
        """Are the rows references to directory objects (members, owners)?"""
        return self.type in ("directoryObject", *TYPES) and "{id}" in self.path


DIRECTORY_ROLES = ("Directory.Read.All", "Directory.ReadWrite.All")
"""Permissions to read the whole directory; most of its collections answer to either."""
