"""Access: which entities and columns a token can read, and what an error means for an entity."""

from dataclasses import replace

import pytest

from aad_assets.catalog import CATALOG, ENTITIES, Entity
from aad_assets.catalog.access import (
    Access,
    missing_permissions,
    needs_person,
    permissions_to_grant,
    required_permissions,
    with_parents,
)
from aad_assets.catalog.enums import Version
from aad_assets.errors import (
    ErrorResponse,
    GraphUnavailable,
    NotAvailable,
    NotFound,
    PermissionMissing,
    PersonNeeded,
    RequestRejected,
    RoleMissing,
)

USERS, DECISIONS = CATALOG["users"], CATALOG["access_review_decisions"]
PERSONAL = replace(CATALOG["terms_of_use_agreements"], app_only=False)
OPTIONAL = [replace(USERS, optional=True), replace(USERS, version=Version.BETA)]
TWO_WAYS = replace(USERS, also_needs=(("city", ("A.Read.All", "B.Read.All")), ("notAColumn", ("C.Read.All",))))


def response(status: int) -> ErrorResponse:
    return ErrorResponse(status, "SomeCode", "Some words.", "req-7", "GET /users")


def test_an_app_without_the_permission_does_not_try_what_needs_a_person() -> None:
    with pytest.raises(PersonNeeded):
        Access(frozenset({"User.Read.All"})).check(PERSONAL)


@pytest.mark.parametrize(
    "access",
    [
        Access(frozenset(PERSONAL.permissions)),
        Access(frozenset({"Agreement.ReadWrite.All"})),
        Access(None),
        Access(frozenset(), delegated=True),
    ],
    ids=str,
)
def test_everybody_else_tries(access: Access) -> None:
    access.check(PERSONAL)


def test_what_apps_can_read_is_always_tried() -> None:
    Access(frozenset()).check(USERS)


def test_a_refused_app_is_told_that_a_person_is_needed() -> None:
    refused = PermissionMissing(response(403))
    judged = Access(frozenset(PERSONAL.permissions)).judge(PERSONAL, refused)

    assert isinstance(judged, PersonNeeded)
    assert judged.response is refused.response
    assert Access(frozenset(), delegated=True).judge(PERSONAL, refused) is refused
    assert Access(frozenset()).judge(USERS, refused) is refused


@pytest.mark.parametrize("entity", OPTIONAL, ids=["optional", "beta"])
@pytest.mark.parametrize("error", [RequestRejected(response(400)), NotFound(response(404)), RequestRejected(response(501))])
def test_what_may_be_missing_is_not_available(entity: Entity, error: RequestRejected | NotFound) -> None:
    judged = Access().judge(entity, error)

    assert type(judged) is NotAvailable
    assert judged.response is error.response
    assert Access().judge(USERS, error) is error


@pytest.mark.parametrize(
    "error",
    [
        RequestRejected(response(405)),
        PermissionMissing(response(403)),
        RoleMissing(response(403)),
        GraphUnavailable(response(503)),
        ValueError("…"),
    ],
    ids=repr,
)
@pytest.mark.parametrize("entity", OPTIONAL, ids=["optional", "beta"])
def test_other_errors_of_optional_entities_stay(entity: Entity, error: Exception) -> None:
    assert Access(frozenset()).judge(entity, error) is error


def test_children_inherit_what_their_parents_need(monkeypatch: pytest.MonkeyPatch) -> None:
    parent = CATALOG[str(DECISIONS.parent)]
    assert [each.table for each in with_parents(DECISIONS)][:2] == [DECISIONS.table, parent.table]
    monkeypatch.setitem(CATALOG, parent.table, replace(parent, app_only=False, optional=True, permissions=("P.Read.All",)))

    assert needs_person(DECISIONS)
    assert required_permissions(DECISIONS) == (*DECISIONS.permissions, "P.Read.All")
    assert isinstance(Access().judge(DECISIONS, NotFound(response(404))), NotAvailable)


@pytest.mark.parametrize(
    ("granted", "empty"),
    [
        (None, {}),
        ((), {"city": ("A.Read.All", "B.Read.All")}),
        (("C.Read.All",), {"city": ("A.Read.All", "B.Read.All")}),
        (("B.Read.All",), {}),
        (("A.ReadWrite.All",), {}),
    ],
)
def test_a_column_stays_empty_without_any_of_its_permissions(
    granted: tuple[str, ...] | None, empty: dict[str, tuple[str, ...]]
) -> None:
    assert Access(None if granted is None else frozenset(granted)).empty_columns(TWO_WAYS) == empty


def test_a_column_that_is_off_needs_nothing() -> None:
    off = replace(TWO_WAYS, disabled_columns=frozenset({"city"}))
    assert Access(frozenset()).empty_columns(off) == {}
    assert permissions_to_grant([off], delegated=False) == sorted(USERS.permissions)


def test_the_permissions_to_grant_include_those_of_columns_and_parents() -> None:
    assert permissions_to_grant([TWO_WAYS], delegated=False) == sorted([*USERS.permissions, "A.Read.All"])
    either = replace(CATALOG["groups"], permissions=("B.Read.All",))
    assert permissions_to_grant([TWO_WAYS, either], delegated=False) == sorted([*USERS.permissions, "B.Read.All"])
    owners = CATALOG["group_owners"]
    assert set(permissions_to_grant([owners], delegated=False)) == {*owners.permissions, *CATALOG["groups"].permissions}


def test_an_app_is_granted_nothing_for_what_needs_a_person() -> None:
    assert permissions_to_grant([PERSONAL], delegated=False) == []
    assert permissions_to_grant([PERSONAL], delegated=True) == list(PERSONAL.permissions)


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.table)
def test_the_permissions_to_grant_leave_nothing_missing(entity: Entity) -> None:
    granted = frozenset(permissions_to_grant([entity], delegated=True))
    assert not missing_permissions(entity, granted)
    assert not Access(granted).empty_columns(entity)
