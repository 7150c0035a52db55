"""The outcome of an entity, and the sentences that explain it to people."""

import re
import traceback
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aad_assets.catalog import Entity
from aad_assets.catalog.access import Access, missing_permissions, with_parents
from aad_assets.catalog.entity import HIDDEN_MEMBERS
from aad_assets.errors import (
    AadAssetsError,
    EntitySkipped,
    GraphError,
    LicenceMissing,
    LoadBlocked,
    PageTokenExpired,
    PermissionMissing,
    PersonNeeded,
    Refusals,
    RoleMissing,
)
from aad_assets.graph.requests.meter import Meter
from aad_assets.warehouse.publishing.load_tests import LoadTest
from aad_assets.warehouse.publishing.loads import Load
from aad_assets.wording import counted

_MAX_NAMES = 10
"""Rejected properties that a message names."""
_MAX_CODES = 5
"""Statuses and codes that a message names."""
_LONGEST_CODE = 60
_LONGEST_CAUSE = 120
"""Characters of a cause that a line of a run's error shows."""


@dataclass(frozen=True)
class Outcome:
    """How one entity ended: `load.status` names it, `error` is its cause."""

    entity: Entity
    """With the columns that it had in this run."""
    load: Load
    """For a log, the sum over its days."""
    seconds: float
    error: Exception | None = None
    table_rows: int | None = None
    """Rows of the table, if they are not just those that were read. None also if nobody could count them."""
    tests: tuple[LoadTest, ...] = ()
    """The results of the tests of a published load; empty if they could not be run."""
    data_version: str | None = None
    """Stays the same while loads change nothing. None if the load was not published, or the database could not be read."""
    note: str = ""
    """A sentence about a published load that is no problem: from when on a log that was loaded first has events."""

    @property
    def reason(self) -> str | None:
        """Return why the load was not published, or what it lacks; None if it is complete."""
        return self.load.reason

    @property
    def rows_per_second(self) -> float:
        """Return the rows read per second; 0 if no time was measured."""
        return self.load.rows / self.seconds if self.seconds else 0.0

    @property
    def cause(self) -> str:
        """Return in a few words why the load was not published; empty if it was. `reason` says what to do."""
        match self.error:
            case None:
                return ""
            case LoadBlocked(gate=gate):
                return f"blocked by the gate {gate}"
            case GraphError(response=response):
                code = f"{response.status or 'no response'} {response.code[:_LONGEST_CODE]}".strip()
                return f"{self.load.status}: {response.request[:_LONGEST_CAUSE]} returned {code}"
            case AadAssetsError():
                sentence = re.split(r"(?<=[.:;])\s", str(self.error), maxsplit=1)[0].rstrip(".:;")
                shown = sentence if len(sentence) <= _LONGEST_CAUSE else f"{sentence[:_LONGEST_CAUSE]}…"
                return f"{self.load.status}: {shown}" if shown else self.load.status
        return f"{self.load.status}: unexpected {type(self.error).__name__}"


def status_of(error: Exception) -> str:
    """Return the status of a load that was not published, as in `loads.status`."""
    if isinstance(error, EntitySkipped):
        return "skipped"
    return "blocked" if isinstance(error, LoadBlocked) else "failed"


def describe_failure(entity: Entity, error: Exception, access: Access) -> str:
    """Return the message for people: the entity, what is wrong, and what to do about it for a token with `access`."""
    text = str(error)
    if isinstance(error, AadAssetsError):
        text = f"{text}. " if text and isinstance(error, GraphError | EntitySkipped) else text
        text = (text + _describe_remedy(entity, error, access)).removesuffix(". ")
    else:
        # The text of an unexpected error may quote rows or a token.
        text = f"unexpected {type(error).__name__} at {where_raised(error)}. Nothing was published. Please report it."
    return f"{entity.table}: {text}"


def _describe_remedy(entity: Entity, error: AadAssetsError, access: Access) -> str:
    """Return what to do, as sentences; empty if the error itself says it."""
    match error:
        case LicenceMissing():
            return f"Skipped because it needs the licence {entity.licence or 'that the response names'}."
        case PersonNeeded():
            role = f"with the directory role {entity.person_role}"
            return f"Skipped because it needs a signed-in person (AAD_AUTH=delegated) {role}."
        case EntitySkipped():
            return "Skipped because it is not available in this tenant or cloud."
        case RoleMissing():
            return f"Give the person who signs in the directory role {entity.person_role}. No permission replaces it."
        case PermissionMissing(advice=""):
            return " ".join(_permission_remedies(entity, error, access))
        case PageTokenExpired():
            return "The read was restarted several times and never completed, and the table is unchanged. Reload later."
    return ""


def _permission_remedies(entity: Entity, error: PermissionMissing, access: Access) -> Iterator[str]:
    parents = [name for each in with_parents(entity) for name in missing_permissions(each, access.granted or ())]
    needed = tuple(dict.fromkeys([*access.missing(entity), *parents])) or entity.permissions
    yield f"Grant the {describe_permissions(needed)} to the app, with admin consent."
    if others := [name for name in error.response.scopes if name not in needed]:
        yield f"The response names {' and '.join(others)}."
    if access.delegated:
        yield f"The person who signs in also needs the directory role {entity.person_role}."
    if entity.may_hide_members:
        yield f"If {entity.parent} hide their members, grant {HIDDEN_MEMBERS} as well."


def describe_permissions(names: Sequence[str]) -> str:
    """Return `permission User.Read.All`, or `permissions AuditLog.Read.All and User.Read.All`."""
    return f"permission{'s' if len(names) > 1 else ''} {' and '.join(names)}"


def describe_rejected_columns(names: Sequence[str]) -> str:
    """Return what a published load lacks because Graph rejected the properties `names`."""
    more = f" and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else ""
    return f"Graph rejected the properties {', '.join(names[:_MAX_NAMES])}{more}. Their stored values are unchanged."


def describe_empty_columns(needs: Mapping[str, Sequence[str]], empty: Collection[str]) -> str:
    """Return what a load says about columns whose own permissions are missing: their `needs`, and which have no value."""
    sentences = []
    for column, permissions in needs.items():
        state = "is empty" if column in empty else "may be incomplete"
        sentences.append(f"{column} {state} without the permission {' or '.join(permissions)}.")
    if not needs.keys().isdisjoint(empty):
        sentences.append("Stored values of empty columns are unchanged.")
    return " ".join(sentences)


def describe_refusals(entity: Entity, refusals: Sequence[Refusals], table: str) -> str | None:
    """Return what a load of `entity` lacks because Graph refused parents, which `table` lists; None if none was refused."""
    if not refusals:
        return None
    sentences = []
    for each in refusals:
        number, one = len(each.parents), len(each.parents) == 1
        if each.table == entity.table:
            of, kept = "", f"{'its' if one else 'their'} stored rows are unchanged"
        else:
            of, kept = f" of {each.table}", f"the stored rows below {'it' if one else 'them'} are unchanged"
        if not entity.parent_reference:
            kept = f"no row of {entity.table} is deleted, because the rows do not name their parents"
        sentences.append(
            f"{number:,} of {counted(each.asked, 'parent')}{of} {'was' if one else 'were'} refused "
            f"({_summary(each)}); {kept}."
        )
    return f"{' '.join(sentences)} {table} names {'it' if sum(len(each.parents) for each in refusals) == 1 else 'them'}."


def _summary(refusals: Refusals) -> str:
    """Return the statuses and codes of refusals with their numbers, the most frequent first."""
    responses = (parent.response for parent in refusals.parents)
    codes = Counter(f"{each.status or 'no response'} {each.code[:_LONGEST_CODE]}".strip() for each in responses)
    found = [code + (f" ×{number:,}" if number > 1 else "") for code, number in codes.most_common(_MAX_CODES)]
    return ", ".join([*found, *(["…"] if len(codes) > _MAX_CODES else [])])


def where_raised(error: BaseException) -> str:
    """Return file, line and function in which an unexpected error was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno} in {frames[-1].name}" if frames else "an unknown place"


def copy_costs(meter: Meter, load: Load, rows_counted: int | None = None) -> None:
    """Copy the costs of the read to the load, and what Graph's `$count` returned."""
    load.counted = rows_counted
    load.requests, load.retries, load.bytes = meter.requests, meter.retries, meter.bytes
    load.throttled_seconds = round(meter.throttled_seconds, 3)


_COUNTS = ("rows", "inserted", "updated", "deleted", "unchanged", "duplicates", "rejected")
_COSTS = ("requests", "retries", "bytes", "throttled_seconds")


def add_day(total: Load, day: Load) -> None:
    """Add the load of a log's day to the sum of its days."""
    for name in (*_COUNTS, *_COSTS):
        setattr(total, name, getattr(total, name) + getattr(day, name))
    if day.reason and day.reason not in (total.reason or ""):
        total.reason = " ".join(filter(None, (total.reason, day.reason)))
    total.schema_changes += [change for change in day.schema_changes if change not in total.schema_changes]
