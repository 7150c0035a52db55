"""The forms of a refusal: a permission, a licence or a directory role is missing, or a page is too large."""

import json
from typing import Any

import httpx
import pytest

from aad_assets.catalog import CATALOG
from aad_assets.errors import (
    ErrorResponse,
    GraphError,
    LicenceMissing,
    NotFound,
    PermissionMissing,
    RequestRejected,
    RoleMissing,
)
from aad_assets.graph.reading.collections import with_other_page_size
from aad_assets.graph.requests.error_responses import graph_error, read_error_response

SCOPE_NOT_GRANTED = (
    '{"errorCode":"PermissionScopeNotGranted","message":"Authorization failed due to missing permission scope '
    'RoleManagement.Read.All,RoleEligibilitySchedule.Read.Directory.","instanceAnnotations":[]}'
)
NO_DIRECTORY_ACCESS = "Failed to do premium license check. Application missing MSGraph API 'Directory.Read.All' permission."


def parse(status: int, body: Any) -> ErrorResponse:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_error_response("GET /x", status, {"request-id": "req-7"}, content)


def error_of(status: int, code: str, message: str) -> GraphError:
    return graph_error(parse(status, {"error": {"code": code, "message": message}}))


@pytest.mark.parametrize(
    ("status", "code", "message", "scopes"),
    [
        (403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.", ()),
        (
            403,
            "Authentication_MSGraphPermissionMissing",
            "Calling principal does not have required MSGraph permissions AuditLog.Read.All",
            ("AuditLog.Read.All",),
        ),
        (403, "Authentication_ApplicationHasNoDirectoryReadAccess", NO_DIRECTORY_ACCESS, ("Directory.Read.All",)),
        (403, "Authentication_ApplicationHasNoDirectoryReadAccess", "The tenant needs a premium license check.", ()),
        (
            403,
            "Authentication_ApplicationHasNoReadAuditLogDataAccess",
            "Application missing MSGraph API 'Read all audit log data' permission. Additional requirement may exist.",
            (),
        ),
        (403, "AccessDenied", "You cannot perform the requested operation, required scopes are missing in the token.", ()),
        (403, "Forbidden", "You cannot perform the requested operation, required scopes are missing in the token.", ()),
        (403, "UnknownError", SCOPE_NOT_GRANTED, ("RoleManagement.Read.All", "RoleEligibilitySchedule.Read.Directory")),
        (403, "UnknownError", "Auth token does not contain valid permissions or user does not have valid roles.", ()),
        (403, "Forbidden", "", ()),
        (403, "UnknownError", "", ()),
        (403, "", "", ()),
        (403, "", "You do not have the required permissions to access this item.", ()),
        (403, "NeverSeen", "Something else.", ()),
        (403, "Forbidden", "It requires User-LifeCycleInfo.Read.All to show a license.", ("User-LifeCycleInfo.Read.All",)),
        (401, "UnknownError", "", ()),
    ],
)
def test_every_form_of_a_missing_permission(status: int, code: str, message: str, scopes: tuple[str, ...]) -> None:
    error = error_of(status, code, message)

    assert type(error) is PermissionMissing
    assert error.response.scopes == scopes
    shown = str(error)
    assert all(name in shown for name in (str(status), code or "no error code", "request-id req-7", *scopes))


def test_json_in_a_message_is_shown_as_text() -> None:
    assert str(error_of(403, "UnknownError", SCOPE_NOT_GRANTED)) == (
        "GET /x returned 403 UnknownError: PermissionScopeNotGranted: Authorization failed due to missing permission scope "
        "RoleManagement.Read.All,RoleEligibilitySchedule.Read.Directory. (request-id req-7)"
    )
    assert str(error_of(400, "UnknownError", '{"errorCode":"MissingProvider"}')) == (
        "GET /x returned 400 UnknownError: MissingProvider (request-id req-7)"
    )
    for other in ("{no json", '{"other": 1}', '{"message": {"deep": 1}}', "{" * 9_000):
        assert error_of(400, "UnknownError", other).response.message.startswith(other[:20])


def test_the_number_of_permissions_that_are_read_is_bounded() -> None:
    names = [f"A{number}.Read.All" for number in range(3_000)]
    assert error_of(403, "", ",".join([names[0], *names])).response.scopes == tuple(names[:20])


@pytest.mark.parametrize("text", ["Contoso.Example", "User.Readme", "a.Read.All", "Microsoft.Graph", "AAAA" * 500])
def test_other_words_are_no_permissions(text: str) -> None:
    found = error_of(403, "", f"No permission for {text}.").response.scopes
    assert found == (("User.Readme",) if text == "User.Readme" else ()), "a permission of that name could exist"


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant", "Neither tenant is B2C, nor has it AuditLog.Read.All"),
        (403, "NoLicense", "Tenant does not meet license requirement!"),
        (403, "Forbidden", "Your tenant is not licensed for this feature."),
        (400, "AadPremiumLicenseRequired", ""),
        (400, "BadRequest", "The tenant needs to have Microsoft Entra ID P2 or Microsoft Entra ID Governance license."),
    ],
)
def test_every_form_of_a_missing_licence(status: int, code: str, message: str) -> None:
    assert type(error_of(status, code, message)) is LicenceMissing


@pytest.mark.parametrize("status", [401, 404, 500])
def test_a_licence_is_missing_only_where_the_status_can_say_so(status: int) -> None:
    assert not isinstance(error_of(status, "Forbidden", "Your tenant is not licensed for this feature."), LicenceMissing)


def test_a_person_without_a_role_is_told_from_an_app_without_a_permission() -> None:
    error = error_of(403, "Authentication_RequestFromUnsupportedUserRole", "User is not in the allowed roles")
    assert type(error) is RoleMissing


def test_a_refusal_without_an_error_object_is_read() -> None:
    """The largest page with signInActivity in some tenants (github.com/microsoftgraph/msgraph-sdk-powershell/issues/1898)."""
    text = "Cannot query data for more than 120 users at a time."
    error = graph_error(
        parse(400, {"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#Edm.String", "value": text})
    )

    assert type(error) is RequestRejected
    assert str(error) == f"GET /x returned 400 no error code: {text} (request-id req-7)"
    smaller = with_other_page_size(CATALOG["user_sign_in_activity"], error)
    assert smaller is not None
    assert smaller.page_size == 120


@pytest.mark.parametrize(
    "body",
    [
        b'{"error":{"code":"Anna\xff"}}',
        {"value": ["Anna"]},
        {"value": {"a": "Anna"}},
        {"error": "Anna", "value": "Anna"},
        b"Anna",
    ],
)
def test_no_other_body_is_quoted(body: Any) -> None:
    assert "Anna" not in str(graph_error(parse(400, body)))


def test_a_body_that_is_no_error_is_not_quoted_either() -> None:
    response = read_error_response("GET /x", 200, httpx.Headers(), b'{"value": "Anna"}')
    assert "Anna" not in str(response)


@pytest.mark.parametrize("status", [400, 403, 404])
@pytest.mark.parametrize(
    "code", ["MailboxNotEnabledForRESTAPI", "MailboxNotHostedInExchangeOnline", "ErrorNonExistentMailbox"]
)
def test_a_user_without_a_mailbox_is_not_found(status: int, code: str) -> None:
    assert type(error_of(status, code, "The mailbox is either inactive, soft-deleted, or is hosted on-premise.")) is NotFound


def test_a_mailbox_that_may_not_be_read_is_a_missing_permission() -> None:
    assert type(error_of(403, "ErrorAccessDenied", "Access is denied to the mailbox.")) is PermissionMissing
