"""A log as Graph returns it: filtered by time, newest first, in pages, and throttled for good where a test says so."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from aad_assets_tests.fake_graph import failure, page

_FILTER = re.compile(r"createdDateTime (ge|gt) (\S+) and createdDateTime (lt|le) (\S+)")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "ge": lambda a, b: a >= b,
    "gt": lambda a, b: a > b,
    "le": lambda a, b: a <= b,
    "lt": lambda a, b: a < b,
}


@dataclass(frozen=True)
class Span:
    """The time that a request's `$filter` selects, from `begin` on; `hours` is 1 or 24."""

    begin: datetime
    hours: int


@dataclass
class FakeLog:
    """Events by id, and the requests for them by the time that they select."""

    events: dict[str, tuple[datetime, str]] = field(default_factory=dict)
    """Time and state of each event."""
    operators: tuple[str, ...] = ("ge lt", "ge le", "gt lt")
    """The forms of `$filter` that are accepted."""
    rows_a_page: int = 5
    breaks_after: Callable[[Span], int | None] = lambda span: None
    """Rows of a span after which every request is throttled for good; None: it is read to its end."""
    repeats: set[str] = field(default_factory=set)
    """Events that come with each span that ends where theirs begins, too, in an earlier state."""
    spans: list[Span] = field(default_factory=list)
    """The spans whose first page was requested, in order."""
    rejected: list[str] = field(default_factory=list)
    """The operators of requests that were rejected."""

    def add(self, key: str, at: str, state: str = "") -> None:
        self.events[key] = (datetime.fromisoformat(at).replace(tzinfo=UTC), state)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        found = _FILTER.search(request.url.params["$filter"])
        assert found, request.url
        operators = f"{found[1]} {found[3]}"
        skipped = int(request.url.params.get("$skiptoken", 0))
        if operators not in self.operators:
            self.rejected.append(operators)
            return failure(400, message="Invalid filter clause.")
        span = _span(found[2], found[4])
        if not skipped and (not self.spans or self.spans[-1] != span):
            self.spans.append(span)
        limit = self.breaks_after(span)
        if limit is not None and skipped >= limit:
            return failure(429, "TooManyRequests")
        rows = list(self._rows(span, found))
        end = skipped + self.rows_a_page
        link = str(request.url.copy_set_param("$skiptoken", end)) if end < len(rows) else None
        return page(rows[skipped:end], link)

    def _rows(self, span: Span, found: re.Match[str]) -> Iterable[dict[str, Any]]:
        begin, end = (_parsed(found[number]) for number in (2, 4))
        newest_first = sorted(self.events.items(), key=lambda item: item[1], reverse=True)
        for key, (at, state) in newest_first:
            if _COMPARE[found[1]](at, begin) and _COMPARE[found[3]](at, end):
                yield _row(key, at, state)
            elif key in self.repeats and at == span.begin + timedelta(hours=span.hours):
                yield _row(key, at, "earlier")


def _row(key: str, at: datetime, state: str) -> dict[str, Any]:
    return {"id": key, "createdDateTime": f"{at:%Y-%m-%dT%H:%M:%S.%fZ}", "riskState": state or None}


def _parsed(text: str) -> datetime:
    return datetime.fromisoformat(text.replace(".9999999Z", ".999999+00:00").replace("Z", "+00:00"))


def _span(begin: str, end: str) -> Span:
    def rounded(text: str) -> datetime:
        moment = _parsed(text)
        return moment + timedelta(microseconds=1) if moment.microsecond else moment

    return Span(rounded(begin), round((rounded(end) - rounded(begin)) / timedelta(hours=1)))
