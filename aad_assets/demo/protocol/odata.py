"""Query options, filters and page tokens: the grammar of requests.

collections.yaml declares what each collection allows.
"""

import re
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any
from urllib.parse import parse_qsl

from .errors import error, reject

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


@dataclass(frozen=True)
class Expand:
    """The part of `$expand` for one navigation property: names of properties (all if empty), and more expansions inside."""

    select: tuple[str, ...] = ()
    expand: "Mapping[str, Expand]" = field(default_factory=dict)


def _split(text: str, separator: str) -> list[str]:
    """Split text at the separators that are outside parentheses."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        if letter == separator and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    reject(depth, "expand_syntax", text=text)
    return [part.strip() for part in parts]


def expansions(text: str) -> dict[str, Expand]:
    """Return the navigation properties in an `$expand`, such as `a,b($select=c,d;$expand=e)`."""
    found = {}
    for part in _split(text, ","):
        name, inside, rest = part.partition("(")
        options = dict(each.partition("=")[::2] for each in _split(rest.removesuffix(")"), ";")) if inside else {}
        known = options.keys() <= {"$select", "$expand"} and all(options.values()) and rest.endswith(")") == bool(inside)
        reject(not known or not re.fullmatch(r"\w+", name), "expand_syntax", text=text)
        select = tuple(each.strip() for each in options.get("$select", "").split(",") if each.strip())
        found[name] = Expand(select, expansions(options["$expand"]) if "$expand" in options else {})
    return found


def parse(query: str, eventual: bool) -> Options:
    """Return the options in a query string. `$` may be left out, as in Graph v1.0."""
    values: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        name = f"${name}" if f"${name}" in _KNOWN else name
        if not name.startswith("$"):
            continue
        reject(name not in _KNOWN, "unknown_option", name=name)
        reject(name in values, "repeated_option", name=name)
        values[name] = value
    top, count = values.get("$top"), values.get("$count", "false").lower()
    reject(top is not None and not re.fullmatch(r"\d{1,9}", top), "option_value", name="$top", value=top)
    reject(count not in ("true", "false"), "option_value", name="$count", value=count)
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
        reject(len(body) != 18 or not body.startswith(b"RFNwd"), "invalid_page")
        reject(mac != self._mac(body, path, options), "foreign_page")
        return Place(*struct.unpack("<qI?", body[5:]))


_TOKENS = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<word>[A-Za-z_][\w/]*)|(?P<mark>[(),:])|(?P<value>[\w.+-][\w:.+-]*))", re.ASCII
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
                raise error("filter_position", at=at, text=self._text)
            self._parts.append((found.lastgroup, found[found.lastgroup]))
            at = found.end()
        self.tree = self._either()
        self._require(not self._parts)

    def _require(self, condition: object) -> None:
        reject(not condition, "filter_syntax", text=self._text)

    def _next(self, wanted: str | None = None) -> tuple[str, str]:
        self._require(self._parts and wanted in (None, self._parts[0][1].lower()))
        return self._parts.pop(0)

    def _skip(self, word: str) -> bool:
        """Read past a word or mark if it comes next."""
        ahead = bool(self._parts) and self._parts[0][0] != "text" and self._parts[0][1].lower() == word
        if ahead:
            self._next()
        return ahead

    def _either(self) -> Tree:
        return self._joined("or", lambda: self._joined("and", self._one))

    def _joined(self, word: str, read: Callable[[], Tree]) -> Tree:
        tree = read()
        while self._skip(word):
            tree = (word, tree, read())
        return tree

    def _value(self) -> str:
        kind, value = self._next()
        self._require(kind != "mark")
        return value[1:-1].replace("''", "'") if kind == "text" else value

    def _any(self, name: str) -> Tree:
        """Read what follows the name of a list of values: `(t: t eq 'value')`."""
        self._next("(")
        variable = self._next()[1]
        self._next(":")
        self._next(variable.lower())
        self._next("eq")
        tree = ("is", "any", name, self._value())
        self._next(")")
        return tree

    def _one(self) -> Tree:
        if self._skip("not"):
            self.advanced = True
            return "not", self._one()
        if self._skip("("):
            tree = self._either()
            self._next(")")
            return tree
        name = self._next()[1]
        if name.lower().endswith("/any"):
            return self._any(name[:-4])
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
        self._require(function in ("eq", "ne", "ge", "gt", "le", "lt"))
        self.advanced |= function == "ne"
        return "is", function, name, self._value()
