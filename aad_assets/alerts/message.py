"""An alert, and its JSON in the formats of Slack, Microsoft Teams and everything else.

Its text comes from the catalogue and from Dagster's names alone. Nothing that Graph or the directory said is part of it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlsplit

from aad_assets.wording import counted

_MOST_LINES = 40
"""Tables that a message for people names. The plain format names all."""

_TEAMS_HOSTS = (".logic.azure.com", ".api.powerplatform.com", ".webhook.office.com")
"""Hosts of the workflows that post to Teams, and of the connectors that they replaced."""
_SLACK_HOSTS = ("hooks.slack.com", "hooks.slack-gov.com")


@dataclass(frozen=True)
class UnpublishedTable:
    """A table or view that failed, or whose load a gate blocked."""

    table: str
    status: str
    gate: str | None = None
    rows_read: int | None = None
    rows_stored: int | None = None

    def __str__(self) -> str:
        rows = [
            f"{number:,} rows {what}"
            for number, what in ((self.rows_read, "read"), (self.rows_stored, "stored"))
            if number is not None
        ]
        text = f"{self.table}: {self.status}" + (f" by the gate {self.gate}" if self.gate else "")
        return f"{text} ({', '.join(rows)})" if rows else text


@dataclass(frozen=True)
class FailedCheck:
    """A check that failed, although no load did. `tests` are the names of the tests that did not pass."""

    asset: str
    tests: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.asset}: its check failed ({', '.join(self.tests)})"


@dataclass(frozen=True)
class Alert:
    """A run that needs attention, which `connection`, `run_id` and `job` identify."""

    connection: str
    run_id: str
    job: str
    problem: str = ""
    """A sentence, if the run as a whole failed."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """Assets by status."""
    tables: Sequence[UnpublishedTable] = ()
    checks: Sequence[FailedCheck] = ()

    @property
    def headline(self) -> str:
        """Return what happened in one line."""
        what = [self.problem.rstrip(".")] if self.problem else []
        what += [f"{self.counts[status]:,} {status}" for status in ("failed", "blocked") if self.counts.get(status)]
        if self.checks:
            what.append(counted(len(self.checks), "failed check"))
        rest = [f"{self.counts[status]:,} {status}" for status in ("published", "skipped") if self.counts.get(status)]
        also = f" ({', '.join(rest)})" if rest else ""
        return f"aad_assets, connection {self.connection}: {', '.join(what)}{also} in {self.job}, run {self.run_id}"

    @property
    def lines(self) -> list[str]:
        """Return a line for each table and check, at most 41."""
        found = [*map(str, self.tables), *map(str, self.checks)]
        more = len(found) - _MOST_LINES
        return [*found[:_MOST_LINES], f"and {more:,} more"] if more > 0 else found

    def as_plain(self) -> dict[str, Any]:
        """Return everything as JSON. `text` is the message for people, which many chat systems show."""
        return {"source": "aad_assets", "text": "\n".join([self.headline, *self.lines]), **asdict(self)}

    def as_slack(self) -> dict[str, Any]:
        """Return the message for an incoming webhook of Slack (docs.slack.dev/messaging/formatting-message-text)."""
        text = "\n".join([f"*{_escaped(self.headline)}*", *(f"• {_escaped(line)}" for line in self.lines)])
        return {"text": text}

    def as_teams(self) -> dict[str, Any]:
        """Return an adaptive card for a workflow that posts what its webhook receives to Teams."""
        blocks = [{"type": "TextBlock", "text": self.headline, "weight": "Bolder", "wrap": True}]
        blocks += [{"type": "TextBlock", "text": line, "wrap": True, "spacing": "None"} for line in self.lines]
        card = {
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "type": "AdaptiveCard",
            "version": "1.4",
            "body": blocks,
        }
        attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
        return {"type": "message", "attachments": [attachment]}

    def payload(self, name: str, url: str) -> dict[str, Any]:
        """Return the JSON in the format `name`; `auto` chooses by the host of `url`."""
        return _FORMATS[_format_of(url) if name == "auto" else name](self)


_FORMATS: dict[str, Callable[[Alert], dict[str, Any]]] = {
    "slack": Alert.as_slack,
    "teams": Alert.as_teams,
    "plain": Alert.as_plain,
}


def _format_of(url: str) -> str:
    host = (urlsplit(url).hostname or "").lower()
    if host in _SLACK_HOSTS:
        return "slack"
    return "teams" if host.endswith(_TEAMS_HOSTS) else "plain"


def _escaped(text: str) -> str:
    """Return text in which Slack finds no link and no mention."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
