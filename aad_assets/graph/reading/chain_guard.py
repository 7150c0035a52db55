"""The end of chains that have none: pages that keep bringing links, but no new rows.

Graph may return empty pages, and the same object on two pages, so neither is an error by itself. Keys are remembered from
some page on; where `$count` is known, only that of each page's first row, until the chain has brought more rows than Graph
counts. Memory and the number of pages are bounded, and a chain of ordinary length costs nothing.
"""

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from aad_assets.errors import InvalidResponse
from aad_assets.graph.requests.meter import Meter
from aad_assets.wording import counted

MAX_PAGES = 50_000
"""Pages of one chain. With pages of 999, it holds 50,000,000 rows."""

MAX_PAGES_WITHOUT_NEW_ROWS = 200
"""Pages in a row that may bring nothing new: Graph returns empty pages where it filters after it has read."""

MAX_REPEATED_PAGES = 20
"""Pages in a row that may bring nothing new after a chain has brought more rows than Graph counts."""

MAX_PAGES_OVER_COUNT = 1_000
"""Pages with new rows that a chain may bring after that, besides as many as before: a count can be wrong."""

_UNWATCHED_PAGES = 20
"""Pages before keys are remembered. Most chains are shorter."""

_COUNT_TOLERANCE = 1.1
_COUNT_SLACK = 1_000
"""Rows above `$count` × tolerance that are not suspicious: its index lags, and rows are created during the read."""

_BITS = 2**24
"""Bits in which keys are remembered, one for each: 2 MiB.

A new key whose bit is already set is taken for an old one. Even at the end of the longest chain, one new key in twenty is
not, which is enough to see that pages have new keys.
"""

# Nearly every row starts with its id, which the regular expression finds in half the time of a decoder.
_LEADING_ID = re.compile(rb'\{\s*(?:"@odata\.\w+"\s*:\s*"[^"\\]*"\s*,\s*)*"id"\s*:\s*"([^"\\]+)"').match


class _Identified(msgspec.Struct):
    id: Any = None


_decode = msgspec.json.Decoder(_Identified).decode


class ChainGuard:
    """A check after each page that has a nextLink. `name` is the path of the collection."""

    def __init__(self, name: str, meter: Meter) -> None:
        self._name = name
        self._meter = meter
        self._pages = 0
        self._pages_without_new_rows = 0
        self._pages_to_count = 0
        """Pages until the rows exceeded `$count`; 0 if they have not."""
        self._seen: bytearray | None = None

    def check(self, rows: Sequence[msgspec.Raw]) -> None:
        """Take note of a page's rows. Raises InvalidResponse if the chain has become endless."""
        self._pages += 1
        expected = self._meter.expected
        exceeds = expected is not None and self._meter.rows > expected * _COUNT_TOLERANCE + _COUNT_SLACK
        if exceeds and not self._pages_to_count:
            self._pages_to_count = self._pages
        if self._seen is None and (exceeds or self._pages > _UNWATCHED_PAGES):
            self._seen = bytearray(_BITS // 8)
        watched = rows if exceeds or expected is None else rows[:1]
        self._pages_without_new_rows = 0 if self._brings_new(watched) else self._pages_without_new_rows + 1
        if self._pages_without_new_rows >= (MAX_REPEATED_PAGES if exceeds else MAX_PAGES_WITHOUT_NEW_ROWS):
            repeated = counted(self._pages_without_new_rows, "page")
            raise self._endless(f"{repeated} in a row without a new row, each with a nextLink")
        if exceeds and self._pages > 2 * self._pages_to_count + MAX_PAGES_OVER_COUNT:
            raise self._endless(f"{counted(self._meter.rows, 'row')}, although it counts {expected:,}, and a nextLink")
        if self._pages >= MAX_PAGES:
            raise self._endless(f"{counted(self._pages, 'page')}, and another nextLink")

    def _brings_new(self, rows: Sequence[msgspec.Raw]) -> bool:
        """Return whether a row has a key that was not seen before. Any row is new before keys are remembered."""
        if (seen := self._seen) is None:
            return bool(rows)
        found = False
        for row in rows:
            place = hash(_key(row)) % _BITS
            byte, bit = place >> 3, 1 << (place & 7)
            if not seen[byte] & bit:
                seen[byte] |= bit
                found = True
        return found

    def _endless(self, what: str) -> InvalidResponse:
        return InvalidResponse(
            f"{self._name}: Graph returned {what} (paging loop after {counted(self._pages, 'page')}). "
            "Reload later. If it happens again, report it to Microsoft."
        )


def _key(row: msgspec.Raw) -> bytes | str:
    """Return the row's id, or the whole row if it has none."""
    if found := _LEADING_ID(row):
        return found[1]
    try:
        identity = _decode(row).id
    except ValueError:  # also invalid UTF-8
        identity = None
    return identity if isinstance(identity, str) else bytes(row)
