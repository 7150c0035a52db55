"""Query options, filters and page tokens: the grammar of requests.

collections.yaml declares what each collection allows.
"""

import re
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any
from urllib.parse import parse_qsl

from .errors import GraphError, bad_request, error

_KNOWN = {
    f"${name}" for name in ("select", "top", "skip", "skiptoken", "count", "filter", "expand", "orderby", "search", "format")
}


@dataclass(frozen=True)
class Options:
    """The query options of a request; `rest` is the query string without the page token."""

    select: tuple[str, ...] = ()
    top: int | None = None
    count: bool = False
    filter: str | None = None
    expand: str | None = None
    orderby: str | None = None
    skiptoken: str | None = None
    given: frozenset[str] = frozenset()
    rest: str = ""
    eventual: bool = False

    @property
    def digest(self) -> bytes:
        """The options to which a page token is bound."""
        return repr((self.select, self.top, self.count, self.filter, self.expand, self.orderby)).encode()


def parse(query: str, eventual: bool) -> Options:
    """Return the options in a query string. `$` may be left out, as in Graph v1.0."""
    values: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        name = f"${name}" if f"${name}" in _KNOWN else name
        if not name.startswith("$"):
            continue
        if name not in _KNOWN:
            raise bad_request(f"The query parameter '{name}' is not supported.")
        if name in values:
            raise bad_request(f"Query option '{name}' was specified more than once, but it must be specified at most once.")
        values[name] = value
    top, count = values.get("$top"), values.get("$count", "false").lower()
    if top is not None and not re.fullmatch(r"\d{1,9}", top):
        raise bad_request(f"Invalid value '{top}' for $top query option found.")
    if count not in ("true", "false"):
        raise bad_request(f"Invalid value '{count}' for $count query option found.")
    rest = "&".join(part for part in query.split("&") if part and not re.match(r"(\$|%24)?skiptoken=", part, re.IGNORECASE))
    return Options(
        select=tuple(dict.fromkeys(name.strip() for name in values.get("$select", "").split(",") if name.strip())),
        top=None if top is None else int(top),
        count=count == "true",
        **{name: values.get(f"${name}") for name in ("filter", "expand", "orderby", "skiptoken")},
        given=frozenset(values),
        rest=rest,
        eventual=eventual,
    )


@dataclass(frozen=True)
class Place:
    """Where a page starts: after this key. `number` counts pages from 0; `emptied` marks a page after an empty one."""

    after: int = -(1 << 62)
    number: int = 0
    emptied: bool = False


class Tokens:
    """Page tokens: opaque, signed, bound to path and options."""

    def __init__(self, seed: int) -> None:
        self._key = blake2b(f"page tokens of {seed}".encode(), digest_size=32).digest()

    def _mac(self, body: bytes, path: str, options: Options) -> bytes:
        return blake2b(body + path.lower().encode() + options.digest, digest_size=12, key=self._key).digest()

    def issue(self, place: Place, path: str, options: Options) -> str:
        """Return the $skiptoken of a page."""
        body = b"RFNwd" + struct.pack("<qI?", place.after, place.number, place.emptied)
        return urlsafe_b64encode(body + self._mac(body, path, options)).decode().rstrip("=")

    def read(self, path: str, options: Options) -> Place:
        """Return the place that a request asks for. A token of another query is rejected."""
        if options.skiptoken is None:
            return Place()
        try:
            raw = urlsafe_b64decode(options.skiptoken + "=" * (-len(options.skiptoken) % 4))
        except ValueError:
            raw = b""
        body, mac = raw[:-12], raw[-12:]
        if len(body) != 18 or not body.startswith(b"RFNwd"):
            raise error("invalid_page")
        if mac != self._mac(body, path, options):
            raise error("foreign_page")
        return Place(*struct.unpack("<qI?", body[5:]))


_TOKENS = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<word>[A-Za-z_][\w/]*)|(?P<mark>[(),])|(?P<value>[\w:.+-]+))", re.ASCII
)
Tree = tuple[Any, ...]
"""A filter: ("or", left, right), ("and", left, right), ("not", inner), or ("is", function, property, value)."""


def conditions(tree: Tree) -> Iterator[Tree]:
    """Return the parts of a filter that are joined by `and`."""
    if tree[0] == "and":
        yield from conditions(tree[1])
        yield from conditions(tree[2])
    else:
        yield tree


class Filter:
    """A parsed $filter: or, and, not, parentheses, startsWith, comparisons, in.

    `advanced` says whether the query needs ConsistencyLevel: eventual.
    """

    def __init__(self, text: str) -> None:
        self._text = text.rstrip()
        self._parts: list[tuple[str, str]] = []
        self.advanced = False
        at = 0
        while at < len(self._text):
            found = _TOKENS.match(self._text, at)
            if not found or found.lastgroup is None:
                raise bad_request(f"Invalid filter clause: Syntax error at position {at} in '{self._text}'.")
            self._parts.append((found.lastgroup, found[found.lastgroup]))
            at = found.end()
        self.tree = self._either()
        if self._parts:
            raise self._error()

    def _error(self) -> GraphError:
        return bad_request(f"Invalid filter clause: Syntax error in '{self._text}'.")

    def _next(self, wanted: str | None = None) -> tuple[str, str]:
        if not self._parts or (wanted is not None and self._parts[0][1].lower() != wanted):
            raise self._error()
        return self._parts.pop(0)

    def _skip(self, word: str) -> bool:
        """Read past a word or mark if it comes next."""
        ahead = bool(self._parts) and self._parts[0][0] != "text" and self._parts[0][1].lower() == word
        if ahead:
            self._next()
        return ahead

    def _either(self) -> Tree:
        tree = self._both()
        while self._skip("or"):
            tree = ("or", tree, self._both())
        return tree

    def _both(self) -> Tree:
        tree = self._one()
        while self._skip("and"):
            tree = ("and", tree, self._one())
        return tree

    def _value(self) -> str:
        kind, value = self._next()
        if kind == "mark":
            raise self._error()
        return value[1:-1].replace("''", "'") if kind == "text" else value

    def _one(self) -> Tree:
        if self._skip("not"):
            self.advanced = True
            return "not", self._one()
        if self._skip("("):
            tree = self._either()
            self._next(")")
            return tree
        name = self._next()[1]
        if name.lower() == "startswith":
            self._next("(")
            name = self._value()
            self._next(",")
            tree = ("is", "startswith", name, self._value())
            self._next(")")
            return tree
        function = self._next()[1].lower()
        if function == "in":
            self._next("(")
            tree = ("is", "eq", name, self._value())
            while self._skip(","):
                tree = ("or", tree, ("is", "eq", name, self._value()))
            self._next(")")
            return tree
        if function not in ("eq", "ne", "ge", "gt", "le", "lt"):
            raise self._error()
        self.advanced |= function == "ne"
        return "is", function, name, self._value()
