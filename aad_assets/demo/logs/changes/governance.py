"""Policies and entitlement management: what was edited, who asked for access, and who got it."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from ...days.calendar import second_of_day
from ...directory.people import GUEST
from ...directory.rendering import text
from ...directory.templates import load
from ...directory.vocabulary import Words
from .change import ENTITLEMENTS, Change, Named, Property, Subject, Tenant, administrator, clock

_POLICIES = 12
"""Places of access are spread over this many policies, as in data/entitlements.yaml."""
_LASTS, _ASKED = 30, 2
"""Days that access lasts, and how long before it begins somebody asks for it."""


def changes(before: Tenant, after: Tenant) -> Iterator[Change]:
    """Return the edits of policies and the like, and the course of requests for access packages, on a day."""
    for area, section, activity, type_, name, stamp in _edited():
        yield from _edits(before, after, (area, section), (activity, type_, name, stamp))
    for place, term, begun, traits in after.entitlements.rows("terms"):
        for days, happened in ((-_ASKED, _asked), (0, _decided), (_LASTS, _ended)):
            if begun + days == after.context.day:
                yield from happened(after, place, term, traits)


@cache
def _edited() -> list[list[Any]]:
    """Return what can be edited: area, section, activity, type of target, and the properties with its name and the time."""
    words: Words = {}
    rows = load("audits")["edited"].rows(words)
    return [[row[name] for name in ("area", "section", "activity", "type", "name", "stamp")] for row in rows]


def _edits(before: Tenant, after: Tenant, place: tuple[str, str], how: tuple[str, str, str, str]) -> Iterator[Change]:
    (area, section), (activity, type_, name, stamp) = place, how
    old, new = ({str(row["id"]): row for row in getattr(getattr(tenant, area), section).rows} for tenant in (before, after))
    for id_, row in new.items():
        if id_ not in old or row == old[id_]:
            continue
        at = str(row.get(stamp) or "")
        today = after.context.calendar.date(after.context.day)
        if stamp and not at.startswith(today):
            continue  # Something in the row follows from another change.
        actor = administrator(after.context, section, id_, after.context.day)
        second = clock(at) if at else second_of_day(after.context.number(section, id_))
        changed = (Property(type_, text(old[id_]), text(row)),) if type_ != "Role" else ()
        yield Change(second, activity, (Named(type_, id_, str(row[name])),), changed, actor)


def _who(tenant: Tenant, place: int, traits: int) -> tuple[int, bool]:
    """Return the user that access is for, and whether it is somebody of a connected organization."""
    external = place % _POLICIES % 5 == 2
    people = tenant.people
    return (people.someone((traits >> 8) % people.population.base, GUEST) if external else people.pick(traits >> 8)), external


def _subjects(tenant: Tenant, place: int, term: int, user: int | None) -> tuple[Subject, ...]:
    policy = tenant.entitlements.policies.rows[place % _POLICIES]
    package, guid = policy["accessPackage"], tenant.context.guid
    who: tuple[Subject, ...] = () if user is None else (("user", user),)
    return (
        Named("AccessPackageAssignmentRequest", guid("entitlement", "request", place, term), None),
        Named("AccessPackage", package["id"], package["displayName"]),
        Named("AccessPackageAssignmentPolicy", policy["id"], policy["displayName"]),
        *who,
    )


def _asked(tenant: Tenant, place: int, term: int, traits: int) -> Iterator[Change]:
    user, external = _who(tenant, place, traits)
    kind = traits % 5
    activity = (
        "User requests access package assignment",
        "Administrator directly assigns user to access package",
        "User requests access package assignment",
        "Entitlement Management creates access package assignment request for user",
        "User requests access package assignment",
    )[kind]
    actor: int | str = (user, 2, user, ENTITLEMENTS, user)[kind]
    if external and isinstance(actor, int) and kind != 1:
        actor = ENTITLEMENTS  # Who asks has no account here yet.
    subjects = _subjects(tenant, place, term, None if external else user)
    yield Change(second_of_day(traits), activity, subjects, (), actor, f"access {place} {term}")


def _decided(tenant: Tenant, place: int, term: int, traits: int) -> Iterator[Change]:
    user, external = _who(tenant, place, traits)
    second, request = second_of_day(traits), f"access {place} {term}"
    if traits % 7 == 0:
        subjects = _subjects(tenant, place, term, None if external else user)
        yield Change(second, "Deny access package assignment request", subjects, (), 2, request)
        return
    subjects = _subjects(tenant, place, term, user)
    if traits % 5 in (0, 2, 4):
        yield Change(second, "Approve access package assignment request", subjects, (), 2, request)
    if traits % 29 == 0:
        yield Change(second, "Failed access package assignment request", subjects, (), ENTITLEMENTS, request)
    else:
        yield Change(second, "Fulfill access package assignment request", subjects, (), ENTITLEMENTS, request)


def _ended(tenant: Tenant, place: int, term: int, traits: int) -> Iterator[Change]:
    if traits % 7:
        subjects = _subjects(tenant, place, term, _who(tenant, place, traits)[0])
        activity = "Entitlement Management removes access package assignment request for user"
        yield Change(second_of_day(traits), activity, subjects, (), ENTITLEMENTS, f"access {place} {term} ends")
