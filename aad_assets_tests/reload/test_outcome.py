"""The message of an entity that was not published."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from aad_assets.catalog import CATALOG
from aad_assets.catalog.access import Access
from aad_assets.errors import (
    ErrorResponse,
    InvalidResponse,
    LicenceMissing,
    LoadBlocked,
    NotAvailable,
    NotFound,
    PageTokenExpired,
    PermissionMissing,
    PersonNeeded,
    RequestRejected,
    RoleMissing,
    WarehouseError,
)
from aad_assets.reload.outcome import add_day, describe_empty_columns, describe_failure, describe_rejected_columns, status_of
from aad_assets.warehouse.publishing.loads import Load

APP, PERSON = Access(), Access(delegated=True)
USERS, AUDITS, MEMBERS = CATALOG["users"], CATALOG["directory_audits"], CATALOG["group_members"]


def response(status: int) -> ErrorResponse:
    return ErrorResponse(status, "SomeCode", "Some words.", "req-7", "GET /users")


@pytest.mark.parametrize(("status", "code"), [(401, "InvalidAuthenticationToken"), (403, "Authorization_RequestDenied")])
def test_a_401_after_a_fresh_token_and_a_403_name_the_permission(status: int, code: str) -> None:
    denied = PermissionMissing(ErrorResponse(status, code, "No.", "req-7", "GET /users"))

    assert describe_failure(USERS, denied, APP) == (
        f"users: GET /users returned {status} {code}: No. (request-id req-7). "
        f"Grant the permission {USERS.permissions[0]} to the app, with admin consent."
    )


def test_other_permissions_that_the_response_names_are_shown() -> None:
    scopes = (*AUDITS.permissions, "Directory.Read.All", "Reports.Read.All")
    denied = PermissionMissing(ErrorResponse(403, "C", "…", "req-7", "GET /x", scopes=scopes))

    assert describe_failure(AUDITS, denied, APP).endswith(
        "consent. The response names Directory.Read.All and Reports.Read.All."
    )


def test_a_person_without_a_directory_role_is_not_told_to_grant_a_permission() -> None:
    message = describe_failure(AUDITS, RoleMissing(response(403)), PERSON)

    assert message.endswith(
        "(request-id req-7). Give the person who signs in the directory role Reports Reader. No permission replaces it."
    )


def test_a_person_without_a_permission_is_also_told_the_role() -> None:
    denied = PermissionMissing(response(403))

    role = "The person who signs in also needs the directory role Reports Reader."
    assert describe_failure(AUDITS, denied, PERSON).endswith(role)
    assert role not in describe_failure(AUDITS, denied, APP)


def test_children_name_the_permission_of_their_parent_if_it_is_missing() -> None:
    child = CATALOG["group_eligibility_schedule_instances"]
    own, parent = child.permissions[0], CATALOG[str(child.parent)].permissions[0]
    denied = PermissionMissing(response(403))

    assert f"Grant the permissions {own} and {parent} to" in describe_failure(child, denied, Access(frozenset()))
    assert f"Grant the permission {parent} to" in describe_failure(child, denied, Access(frozenset({own})))
    assert f"Grant the permission {own} to" in describe_failure(child, denied, Access(frozenset({"Directory.Read.All"})))
    assert f"Grant the permission {own} to" in describe_failure(child, denied, Access(frozenset({own, parent})))


def test_what_needs_a_person_is_skipped_without_advice_to_grant_a_permission() -> None:
    entity = CATALOG["terms_of_use_agreements"]
    skipped = "Skipped because it needs a signed-in person (AAD_AUTH=delegated) with the directory role Security Reader."

    assert describe_failure(entity, PersonNeeded(), APP) == f"{entity.table}: {skipped}"
    assert describe_failure(entity, PersonNeeded(response(403)), APP) == (
        f"{entity.table}: GET /users returned 403 SomeCode: Some words. (request-id req-7). {skipped}"
    )


def test_what_is_not_available_shows_the_response() -> None:
    assert describe_failure(USERS, NotAvailable(response(404)), APP) == (
        "users: GET /users returned 404 SomeCode: Some words. (request-id req-7). "
        "Skipped because it is not available in this tenant or cloud."
    )


def test_hidden_members_need_a_permission_of_their_own() -> None:
    message = describe_failure(MEMBERS, PermissionMissing(response(403)), APP)

    assert message.endswith("with admin consent. If groups hide their members, grant Member.Read.Hidden as well.")


def test_advice_takes_the_place_of_the_permission() -> None:
    message = describe_failure(USERS, PermissionMissing(response(403), "Turn the entity off."), APP)

    assert message.endswith("(request-id req-7). Turn the entity off.")


def test_no_other_error_of_graph_names_a_permission() -> None:
    assert describe_failure(USERS, RequestRejected(response(400)), APP).endswith("(request-id req-7)")


def test_an_expired_page_token_says_to_reload_later() -> None:
    assert describe_failure(USERS, PageTokenExpired(response(410)), APP).endswith("the table is unchanged. Reload later.")


def test_a_missing_licence_is_named_if_it_is_known() -> None:
    licensed = describe_failure(CATALOG["risky_users"], LicenceMissing(response(403)), APP)
    unknown = describe_failure(AUDITS, LicenceMissing(response(403)), APP)

    assert licensed.endswith(". Skipped because it needs the licence Microsoft Entra ID P2.")
    assert unknown.endswith(". Skipped because it needs the licence that the response names.")


def test_the_text_of_an_unexpected_error_is_not_shown() -> None:
    try:
        raise ValueError("megan@contoso.example")
    except ValueError as error:
        message = describe_failure(USERS, error, APP)

    assert "megan" not in message
    assert message.startswith("users: unexpected ValueError at test_outcome.py:")
    assert message.endswith("Nothing was published. Please report it.")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (LicenceMissing(response(403)), "skipped"),
        (PersonNeeded(), "skipped"),
        (NotAvailable(response(404)), "skipped"),
        (NotFound(response(404)), "failed"),
        (LoadBlocked("shrink", "…"), "blocked"),
        (WarehouseError("…"), "failed"),
        (InvalidResponse("…"), "failed"),
        (ValueError("…"), "failed"),
    ],
)
def test_every_error_has_a_status(error: Exception, status: str) -> None:
    assert status_of(error) == status


def test_only_some_rejected_properties_are_named() -> None:
    names = [f"p{number}" for number in range(12)]

    assert describe_rejected_columns(names[:2]) == (
        "Graph rejected the properties p0, p1. Their stored values are unchanged."
    )
    assert " p9 and 2 more." in describe_rejected_columns(names)


def test_columns_without_their_permission_are_named() -> None:
    needs = {"a": ("A.Read.All",), "b": ("B.Read.All", "C.Read.All")}

    assert describe_empty_columns(needs, {"a"}) == (
        "a is empty without the permission A.Read.All. b may be incomplete without the permission B.Read.All or C.Read.All. "
        "Stored values of empty columns are unchanged."
    )
    assert describe_empty_columns({"a": ("A.Read.All",)}, {"other"}) == (
        "a may be incomplete without the permission A.Read.All."
    )


def test_the_reasons_of_a_logs_days_are_joined_without_repetition() -> None:
    total = Load(load_id="l", entity="sign_ins", tenant_id="t", run_id="r", started_at=datetime.now(UTC))
    for reason in ("A.", None, "A.", "B."):
        add_day(total, replace(total, reason=reason))

    assert total.reason == "A. B."
