"""Random mixtures of faults, and what each of them may do to a table."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from aad_assets.catalog import CATALOG, Entity
from aad_assets.demo import DemoServer

Rule = dict[str, Any]

RETRY_AFTERS = (0, 1, None, "-5", "NaN", "1e400", "Fri, 31 Dec 9999 23:59:59 GMT", "Wed, 21 Oct 2015 07:28:00 GMT", "soon")


@dataclass(frozen=True)
class Mixture:
    """The rules of one load, and the columns that they leave as they were stored, by table."""

    rules: Sequence[Rule]
    unread: Mapping[str, str] = field(default_factory=dict)
    wrong: frozenset[str] = frozenset()
    """Tables of which the server shows too little, in a way that a gate must notice."""


class Mixer:
    """Makes the mixtures of one seed."""

    def __init__(self, random: Random, tenant: DemoServer, entities: Sequence[Entity]) -> None:
        self._random, self._tenant, self._entities = random, tenant, entities
        self._lists = [entity for entity in entities if not entity.parent]
        self._children = [entity for entity in entities if entity.parent and "{id}" in entity.path]
        self._kinds: Sequence[Callable[[], Mixture]] = (
            *(self._transient, self._transient, self._tokens, self._chain, self._body, self._throttled),
            *(
                self._refused,
                self._several_refused,
                self._no_count,
                self._late,
                self._denied,
                self._too_little,
                self._unread_column,
                self._altered,
            ),
        )

    def mixture(self) -> Mixture:
        """Return two to six faults: transient ones everywhere, and permanent ones at random collections and parents."""
        parts = [self._random.choice(self._kinds)() for _ in range(self._random.randint(2, 6))]
        rules = [rule for part in parts for rule in part.rules]
        unread = {table: column for part in parts for table, column in part.unread.items()}
        return Mixture(rules, unread, frozenset[str]().union(*(part.wrong for part in parts)))

    def _path(self) -> str:
        """Return the fixed part of the path of a collection."""
        return self._random.choice(self._entities).path.split("/{id}")[-1] or "/groups"

    def _transient(self) -> Mixture:
        kinds = ("429", "500", "502", "503", "504", "cut", "drop", "garbage", "latency", "html", "repeat_row")
        rule: Rule = {"kind": self._random.choice(kinds), "rate": self._random.choice((0.01, 0.05)), "ms": 20}
        return Mixture([rule | {"status": 503, "retry_after": self._random.choice((0, 1, None))}])

    def _tokens(self) -> Mixture:
        return Mixture([{"kind": self._random.choice(("expire_token", "expired_page", "empty_page")), "times": 3}])

    def _chain(self) -> Mixture:
        return Mixture([{"kind": self._random.choice(("endless", "same_link", "foreign_link")), "path": self._path()}])

    def _body(self) -> Mixture:
        kind = self._random.choice(("trickle", "html", "garbage", "unknown_property"))
        return Mixture([{"kind": kind, "path": self._path(), "ms": 20, "status": self._random.choice((200, 403, 502))}])

    def _throttled(self) -> Mixture:
        retry_after = self._random.choice(RETRY_AFTERS)
        return Mixture([{"kind": "429", "path": self._path(), "rate": 0.5, "retry_after": retry_after}])

    def _late(self) -> Mixture:
        """Every response of a collection takes longer than a request may."""
        return Mixture([{"kind": "latency", "path": self._path(), "ms": 4000, "times": self._random.choice((2, None))}])

    def _no_count(self) -> Mixture:
        """Graph counts nothing, or only not one collection: some tenants reject `$count`."""
        path = self._random.choice(("/$count", "/users/$count", "/groups/$count"))
        return Mixture([{"kind": self._random.choice(("400", "404", "503")), "path": path}])

    def _refused(self, most: int = 1) -> Mixture:
        child = self._random.choice(self._children)
        parents = [item["id"] for item in self._tenant.objects(child.parent or "") if "id" in item]
        chosen = self._random.sample(parents, min(most, len(parents)))
        kind = self._random.choice(("400", "404", "deny", "503"))
        return Mixture([{"kind": kind, "path": child.path.replace("{id}", parent, 1)} for parent in chosen])

    def _several_refused(self) -> Mixture:
        """A few parents, or more than the gate allows."""
        return self._refused(self._random.choice((3, 30)))

    def _denied(self) -> Mixture:
        path = self._random.choice(self._lists).path
        return Mixture([{"kind": self._random.choice(("deny", "unlicensed", "400", "404", "500")), "path": path}])

    def _too_little(self) -> Mixture:
        entity = self._random.choice(self._lists)
        return Mixture([{"kind": "shrink", "path": entity.path, "share": 0.3}], wrong=frozenset({entity.table}))

    def _unread_column(self) -> Mixture:
        rule = {"kind": "refuse_select", "path": "/users", "property": "jobTitle", "status": self._random.choice((400, 501))}
        return Mixture([rule], {"users": "jobTitle"})

    def _altered(self) -> Mixture:
        rules = (
            {"kind": "null_property", "path": "/users", "property": "displayName"},
            {"kind": "garbled_property", "path": "/users", "property": "accountEnabled"},
            {"kind": "count_wrong", "path": "/users", "by": 200},
        )
        return Mixture([self._random.choice(rules)], wrong=frozenset({"users"}))


def chosen_entities(random: Random) -> list[Entity]:
    """Return the entities of one seed: some that are always read, with every shape, and some at random."""
    always = ["users", "groups", "group_members", "group_owners", "user_managers", "directory_audits"]
    always += ["access_review_definitions", "access_review_instances", "access_review_decisions", "role_assignments"]
    others = sorted(table for table, entity in CATALOG.items() if entity.on and table not in always)
    names = {*always, *random.sample(others, 20)}
    assert names <= CATALOG.keys()
    return [entity for entity in CATALOG.values() if entity.table in names]
