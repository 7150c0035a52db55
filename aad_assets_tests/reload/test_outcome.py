"""The message of an entity that was not published."""

import pytest

from aad_assets.catalog import CATALOG
from aad_assets.errors import (
    ErrorResponse,
    InvalidResponse,
    LicenceMissing,
    LoadBlocked,
    PageTokenExpired,
    PermissionMissing,
    RequestRejected,
    RoleMissing,
    WarehouseError,
)
from aad_assets.reload.outcome import describe_failure, describe_rejected_columns, status_of

USERS, AUDITS, MEMBERS = CATALOG["users"], CATALOG["directory_audits"], CATALOG["group_members"]


def response(status: int) -> ErrorResponse:
    return ErrorResponse(status, "SomeCode", "Some words.", "req-7", "GET /users")


@pytest.mark.parametrize(("status", "code"), [(401, "InvalidAuthenticationToken"), (403, "Authorization_RequestDenied")])
def test_a_401_after_a_fresh_token_and_a_403_name_the_permission(status: int, code: str) -> None:
    denied = PermissionMissing(ErrorResponse(status, code, "No.", "req-7", "GET /users"))

    assert describe_failure(USERS, denied) == (
        f"users: GET /users returned {status} {code}: No. (request-id req-7). "
        f"Grant the permission {USERS.permissions[0]} to the app, with admin consent."
    )


def test_other_permissions_that_the_response_names_are_shown() -> None:
    scopes = (*AUDITS.permissions, "Directory.Read.All", "Reports.Read.All")
    denied = PermissionMissing(ErrorResponse(403, "C", "…", "req-7", "GET /x", scopes=scopes))

    assert describe_failure(AUDITS, denied).endswith("consent. The response names Directory.Read.All and Reports.Read.All.")


def test_a_person_without_a_directory_role_is_not_told_to_grant_a_permission() -> None:
    message = describe_failure(AUDITS, RoleMissing(response(403)))

    assert message.endswith(
        "(request-id req-7). Give the person who signs in a directory role that may read it. No permission replaces it."
    )


def test_hidden_members_need_a_permission_of_their_own() -> None:
    message = describe_failure(MEMBERS, PermissionMissing(response(403)))

    assert message.endswith("with admin consent. If groups hide their members, grant Member.Read.Hidden as well.")


def test_advice_takes_the_place_of_the_permission() -> None:
    message = describe_failure(USERS, PermissionMissing(response(403), "Turn the entity off."))

    assert message.endswith("(request-id req-7). Turn the entity off.")


def test_no_other_error_of_graph_names_a_permission() -> None:
    assert describe_failure(USERS, RequestRejected(response(400))).endswith("(request-id req-7)")


def test_an_expired_page_token_says_to_reload_later() -> None:
    assert describe_failure(USERS, PageTokenExpired(response(410))).endswith("the table is unchanged. Reload later.")


def test_a_missing_licence_is_named_if_it_is_known() -> None:
    licensed = describe_failure(CATALOG["risky_users"], LicenceMissing(response(403)))
    unknown = describe_failure(AUDITS, LicenceMissing(response(403)))

    assert licensed.endswith(". Skipped because it needs the licence Microsoft Entra ID P2.")
    assert unknown.endswith(". Skipped because it needs the licence that the response names.")


def test_the_text_of_an_unexpected_error_is_not_shown() -> None:
    try:
        raise ValueError("megan@contoso.example")
    except ValueError as error:
        message = describe_failure(USERS, error)

    assert "megan" not in message
    assert message.startswith("users: unexpected ValueError at test_outcome.py:")
    assert message.endswith("Nothing was published. Please report it.")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (LicenceMissing(response(403)), "skipped"),
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
