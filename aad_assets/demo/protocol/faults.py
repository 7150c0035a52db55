"""Faults on demand: which requests go wrong, and how often. faults.yaml lists the kinds.

graph.py and app.py apply a fault where they build the response.
"""

from dataclasses import dataclass, field, fields
from random import Random
from typing import Any

from ..data import table
from .errors import GraphError, error, throttled

KINDS: dict[str, str] = table(__package__, "faults")
_STATUSES = frozenset({"429", "500", "502", "503", "504"})
_OTHERS = {"deny": "denied", "unlicensed": "not_premium", "expire_token": "expired_token"}
_REFUSALS = {**{status: status for status in (*_STATUSES, "400", "404")}, **_OTHERS}
"""The kinds that are errors of the table."""
_SIGN_IN_KINDS = _STATUSES | {"drop", "latency"}


@dataclass
class Rule:
    """A fault: applies to paths that contain `path`, at `rate`, at most `times` times."""

    kind: str
    path: str = ""
    rate: float = 1.0
    times: int | None = None
    retry_after: int | None = 1
    property: str = ""
    status: int = 400
    ms: float = 0.0
    page: int = 1
    share: float = 0.5
    by: int = -1
    hits: int = field(default=0, kw_only=True)
    dice: Random = field(default_factory=Random, repr=False, kw_only=True)
    since: float = field(default=0.0, kw_only=True)

    @classmethod
    def parse(cls, value: dict[str, Any], seed: int, now: float) -> "Rule":
        """Return a rule from JSON, or raise ValueError for an unknown kind or field."""
        values = {**value, "kind": str(value.get("kind")), "path": value.get("path") or ""}
        if values["kind"] not in KINDS:
            raise ValueError(f"unknown fault kind {values['kind']!r}; known: {', '.join(sorted(KINDS))}")
        if unknown := set(values) - _FIELDS:
            raise ValueError(f"unknown fault fields: {', '.join(sorted(unknown))}")
        return cls(**values, dice=Random(f"{seed}|{sorted(values.items(), key=str)}"), since=now)

    def strikes(self, path: str) -> bool:
        """Decide whether the request for `path` goes wrong; if so, count it as one of the rule's times."""
        applies = self.path.lower() in path.lower() and (self.times is None or self.hits < self.times)
        strikes = applies and (self.rate >= 1 or self.dice.random() < self.rate)
        self.hits += strikes
        return strikes

    def view(self) -> dict[str, Any]:
        """Return the rule as JSON, with the number of times it applied."""
        return {name: getattr(self, name) for name in (*sorted(_FIELDS), "hits")}


_FIELDS = frozenset(each.name for each in fields(Rule) if not each.kw_only)


def parse_short(text: str) -> list[dict[str, Any]]:
    """Return the rules of the command line's form, `429:0.05,503:0.02`; a rule without a rate always applies."""
    parts = [part.strip().partition(":") for part in text.split(",") if part.strip()]
    return [{"kind": kind, "rate": float(rate or 1)} for kind, _, rate in parts]


class Faults:
    """The rules in force."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.rules: list[Rule] = []

    def set(self, rules: list[dict[str, Any]], now: float) -> None:
        """Replace all rules."""
        self.rules = [Rule.parse(rule, self._seed + place, now) for place, rule in enumerate(rules)]

    def take(self, kind: str, path: str) -> Rule | None:
        """Return the rule of this kind that strikes now, if any."""
        return next((rule for rule in self.rules if rule.kind == kind and rule.strikes(path)), None)

    def refuse(self, path: str, issued_at: float, page: int = 0, denied: GraphError | None = None) -> None:
        """Raise the error that the rules ask for. `issued_at` is the token's age mark, `denied` the path's own refusal.

        Called once for every request, and again with the number of the page for a page of a collection.
        """
        for rule in self.rules:
            if (page == 0 and rule.page > 1) or (page and not 1 < rule.page <= page):
                continue
            if rule.kind == "expire_token" and issued_at > rule.since:
                continue
            if rule.kind in _REFUSALS and rule.strikes(path):
                own = denied if rule.kind == "deny" else throttled(rule.retry_after) if rule.kind == "429" else None
                raise own or error(_REFUSALS[rule.kind])

    def of_sign_in(self) -> "Faults":
        """Return the rules that can strike a sign-in endpoint. Rules without a path are for Graph."""
        faults = Faults(self._seed)
        faults.rules = [rule for rule in self.rules if rule.path and rule.kind in _SIGN_IN_KINDS]
        return faults
