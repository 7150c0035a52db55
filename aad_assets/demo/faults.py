"""Faults on demand: which requests go wrong, and how often.

Here belong the rules and the dice. What each kind does to an answer is done where the answer is made: refusals in graph.py,
broken transports in app.py.
"""

from dataclasses import dataclass, field
from random import Random
from typing import Any

from . import errors

KINDS = {
    **dict.fromkeys(["429", "500", "502", "503", "504"], "that status; 429 with `retry_after`, null for none"),
    "latency": "`ms` milliseconds late",
    "drop": "the connection ends without an answer",
    "cut": "the connection ends in the middle of the body",
    "garbage": "200 with a body that is not JSON",
    "deny": "403, the permission is missing",
    "unlicensed": "403, the licence is missing",
    "expire_token": "401 for tokens issued before the rule was set",
    "claims_challenge": "401 for tokens that do not answer its claims (continuous access evaluation)",
    "refuse_select": "`status` for lists that select `property`",
    "expired_page": "400 for a page token",
    "empty_page": "a page without rows but with a nextLink",
    "repeat_row": "the last row of a page comes again on the next",
    "same_link": "a nextLink to the same page",
    "foreign_link": "a nextLink to another host",
    "last_page_lost": "the last page but one has no nextLink",
    "null_property": "`property` is null in every row of a list",
    "garbled_property": "`property` is a text in every row of a list",
    "unknown_property": "rows have properties that are not declared",
    "shrink": "a list shows only the `share` of its objects, and $count too",
    "count_wrong": "$count is off `by` that many",
}
"""Every kind of fault, and what it does.

Refusals (a status, deny, unlicensed, expire_token) with a `page` strike only from that page of a collection on; 1 is the
first.
"""
_FIELDS = frozenset({"kind", "path", "rate", "times", "retry_after", "property", "status", "ms", "page", "share", "by"})
_WORDS = {
    "500": ("InternalServerError", "An internal server error has occurred."),
    "502": ("BadGateway", "Failed to execute backend request."),
    "503": ("ServiceUnavailable", "The service is unavailable."),
    "504": ("GatewayTimeout", "The gateway did not receive an answer in time."),
}


@dataclass
class Rule:
    """One fault: applies to paths that contain `path`, at `rate`, at most `times` times."""

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
    hits: int = 0
    dice: Random = field(default_factory=Random, repr=False)
    since: float = 0.0

    @classmethod
    def parse(cls, value: dict[str, Any], seed: int, now: float) -> "Rule":
        """A rule from JSON. Unknown kinds and fields are refused."""
        values = {**value, "kind": str(value.get("kind"))}
        if values["kind"] not in KINDS:
            raise ValueError(f"unknown fault kind {values['kind']!r}; known: {', '.join(sorted(KINDS))}")
        if unknown := set(values) - _FIELDS:
            raise ValueError(f"unknown fault fields: {', '.join(sorted(unknown))}")
        values["path"] = values.get("path") or ""
        return cls(**values, dice=Random(f"{seed}|{sorted(values.items(), key=str)}"), since=now)

    def strikes(self, path: str) -> bool:
        """Whether the request for `path` goes wrong: counts as one of its times."""
        if self.path.lower() not in path.lower():
            return False
        if self.times is not None and self.hits >= self.times:
            return False
        if self.rate < 1 and self.dice.random() >= self.rate:
            return False
        self.hits += 1
        return True

    def view(self) -> dict[str, Any]:
        """The rule as JSON, with the number of times it applied."""
        return {name: getattr(self, name) for name in (*sorted(_FIELDS), "hits")}


def parse_short(text: str) -> list[dict[str, Any]]:
    """The command line's form: `429:0.05,503:0.02`; without a rate always."""
    rules: list[dict[str, Any]] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        kind, _, rate = part.partition(":")
        rules.append({"kind": kind, "rate": float(rate or 1)})
    return rules


class Faults:
    """The rules in force."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.rules: list[Rule] = []

    def set(self, rules: list[dict[str, Any]], now: float) -> None:
        """Replace all rules."""
        self.rules = [Rule.parse(rule, self._seed + place, now) for place, rule in enumerate(rules)]

    def take(self, kind: str, path: str) -> Rule | None:
        """The rule of this kind that strikes now, if any: counts as one of its times."""
        return next((rule for rule in self.rules if rule.kind == kind and rule.strikes(path)), None)

    def refuse(self, path: str, issued_at: float, page: int = 0) -> None:
        """Raise what the rules have in store for a request to Graph; `issued_at` is the token's age mark.

        Called once for every request, and again with the number of the page for a page of a collection.
        """
        for rule in self.rules:
            if (page == 0 and rule.page > 1) or (page and not 1 < rule.page <= page):
                continue
            if rule.kind == "expire_token" and issued_at > rule.since:
                continue
            if rule.kind in _REFUSALS and rule.strikes(path):
                raise refusal(rule)


_REFUSALS = frozenset({"429", "500", "502", "503", "504", "deny", "unlicensed", "expire_token"})


def refusal(rule: Rule) -> errors.GraphError:
    """The error that a rule stands for."""
    match rule.kind:
        case "429":
            return errors.throttled(rule.retry_after)
        case "deny":
            return errors.denied()
        case "unlicensed":
            return errors.unlicensed()
        case "expire_token":
            return errors.unauthorized("Lifetime validation failed, the token is expired.")
    code, message = _WORDS[rule.kind]
    return errors.GraphError(int(rule.kind), code, message)
