"""Who may read what: apps and people, permissions and directory roles, and what comes empty without them.

The documentation of each API says so; refusals.py has the forms of a refusal.
"""

from typing import Any

import msgspec
import pytest

from aad_assets.demo.protocol.errors import GraphError
from aad_assets.demo.protocol.graph import Graph
from aad_assets.demo.tenant import Directory

from .client import Client, error_code
from .refusals import denied
from .tenants import EPOCH, ask, graph, request, rows

READERS = ["Global Administrator", "Global Reader", "Reports Reader", "Security Reader"]


def refused(path: str, roles: Any, **more: Any) -> tuple[int, str | None, str]:
    """Return status, code and message of a rejected request."""
    with pytest.raises(GraphError) as found:
        graph(0).answer(request(path, roles, **more))
    return found.value.status, found.value.code, found.value.message


@pytest.mark.parametrize("role", READERS)
def test_a_person_reads_logs_with_a_directory_role(role: str) -> None:
    answer = graph(0).answer(request("/auditLogs/directoryAudits?$top=1", ["AuditLog.Read.All"], person=frozenset({role})))
    assert answer.status == 200


LOGS = ["/auditLogs/signIns", "/reports/authenticationMethods/userRegistrationDetails", "/users?$select=id,signInActivity"]


@pytest.mark.parametrize("path", LOGS)
def test_a_person_without_one_is_told_so_whatever_was_consented_to(path: str) -> None:
    found = refused(path, ["AuditLog.Read.All", "User.Read.All"], person=frozenset({"User Administrator"}))
    assert found == (403, "Authentication_RequestFromUnsupportedUserRole", "User is not in the allowed roles")


def test_the_roles_of_the_person_can_be_chosen(broken: Client) -> None:
    rules = broken.demo.sign_in_rules()
    assert rules["person_roles"] == ["Global Administrator"]
    assert broken.demo.sign_in_rules(person_roles=["Guest Inviter"])["person_roles"] == ["Guest Inviter"]
    broken.demo.sign_in_rules(person_roles=rules["person_roles"])


DELEGATED = {
    "/policies/featureRolloutPolicies": ("Policy.Read.HybridAuthentication", None),
    "/directory/onPremisesSynchronization": ("OnPremDirectorySynchronization.Read.All", "Global Reader"),
    "/identityGovernance/termsOfUse/agreements": ("Agreement.Read.All", "Global Reader"),
}


@pytest.mark.parametrize(("path", "permission", "insufficient"), [(path, *each) for path, each in DELEGATED.items()])
def test_some_apis_are_for_people_alone(path: str, permission: str, insufficient: str | None) -> None:
    assert refused(path, [permission])[:2] == denied(path)
    assert refused(path, [], person=frozenset({"Global Administrator"}))[:2] == denied(path)
    if insufficient:
        assert refused(path, [permission], person=frozenset({insufficient}))[:2] == denied(path)
    answer = graph(0).answer(request(path, [permission], person=frozenset({"Global Administrator"})))
    assert answer.status == 200


FORMS = ["/devices", "/auditLogs/signIns", "/policies/authorizationPolicy", "/identityProtection/riskyUsers"]


@pytest.mark.parametrize("path", FORMS)
def test_the_fault_deny_has_the_form_of_the_family(broken: Client, path: str) -> None:
    broken.demo.faults([{"kind": "deny", "path": path}])
    assert error_code(broken.get(path)) == denied(path)


def test_logs_and_pim_name_the_permission() -> None:
    assert refused("/auditLogs/signIns", [])[2].endswith("required MSGraph permissions AuditLog.Read.All")
    said = msgspec.json.decode(refused("/roleManagement/directory/roleEligibilitySchedules", [])[2])
    assert said["errorCode"] == "PermissionScopeNotGranted"
    assert "missing permission scope RoleEligibilitySchedule.Read.Directory," in said["message"]


def leave_dates(*permissions: str) -> set[str | None]:
    path = "/users?$select=id,employeeLeaveDateTime&$top=999"
    found = ask(path, ["User.Read.All", *permissions])["value"]
    assert all(set(row) - {"@odata.type"} == {"id", "employeeLeaveDateTime"} for row in found)
    return {row["employeeLeaveDateTime"] for row in found}


def test_leave_dates_are_null_without_their_permission() -> None:
    truth = {row["employeeLeaveDateTime"] for row in rows("users")}
    assert len(truth) > 1
    assert leave_dates() == {None}
    assert leave_dates("User-LifeCycleInfo.Read.All") == truth


def test_an_expanded_manager_brings_no_leave_date_with_it() -> None:
    path = "/users?$select=id,employeeLeaveDateTime&$expand=manager($select=id)&$top=999"
    found = ask(path, ["User.Read.All"])["value"]
    assert {row["employeeLeaveDateTime"] for row in found} == {None}
    assert any("manager" in row for row in found)


def test_security_attributes_are_null_without_their_permission() -> None:
    path = "/users?$select=customSecurityAttributes&$top=999"
    assert {str(row["customSecurityAttributes"]) for row in ask(path, ["User.Read.All"])["value"]} == {"None"}
    found = ask(path, ["User.Read.All", "CustomSecAttributeAssignment.Read.All"])["value"]
    assert any(row["customSecurityAttributes"] for row in found)


@pytest.mark.parametrize("permission", ["Policy.Read.All", "Policy.Read.ConditionalAccess"])
def test_applied_policies_are_empty_without_their_permission(permission: str) -> None:
    def applied(*permissions: str) -> list[Any]:
        found = ask("/auditLogs/signIns?$top=200", ["AuditLog.Read.All", *permissions])["value"]
        return [row["appliedConditionalAccessPolicies"] for row in found if row["appliedConditionalAccessPolicies"]]

    assert applied(permission)
    assert not applied()


@pytest.mark.parametrize(
    ("path", "option"),
    [
        ("/reports/authenticationMethods/userRegistrationDetails?$select=id", "select"),
        ("/reports/authenticationMethods/userRegistrationDetails?$top=5", "top"),
        ("/security/secureScores?$select=id", "select"),
        ("/informationProtection/bitlocker/recoveryKeys?$select=id", "select"),
    ],
)
def test_an_option_that_a_page_does_not_document(path: str, option: str) -> None:
    readers = ["AuditLog.Read.All", "SecurityEvents.Read.All", "BitlockerKey.ReadBasic.All"]
    status, code, message = refused(path, readers, headers={"user-agent": "a test"})
    assert (status, code) == (400, "BadRequest")
    assert message.startswith(f"Query option '{option}' is not allowed.")


def test_the_recycle_bin_takes_the_permission_of_its_type_alone() -> None:
    assert ask("/directory/deletedItems/microsoft.graph.user?$select=id", ["User.Read.All"])["value"]
    assert refused("/directory/deletedItems/microsoft.graph.user", ["Directory.Read.All"])[0] == 403


def extensions(large: bool) -> tuple[list[Any], list[Any]]:
    """Return the available extensions, and those of the single apps."""
    there = graph(0)
    day = Directory(1, 100_000, 0, "contoso.example", EPOCH) if large else there.directory
    there = Graph(there.base, day, there.quota, there.faults, there.licences, 500)
    available = there.answer(request("/directoryObjects/getAvailableExtensionProperties", ["Directory.Read.All"], "POST"))
    own = []
    for app in (1, 2):
        path = f"/applications/{day.applications.ids.guid(app)}/extensionProperties"
        own += msgspec.json.decode("".join(there.answer(request(path, ["Application.Read.All"])).body))["value"]
    return msgspec.json.decode("".join(available.body))["value"], own


def test_the_list_of_extensions_is_empty_above_a_thousand_service_principals() -> None:
    available, own = extensions(large=False)
    assert sorted(row["name"] for row in available) == sorted(row["name"] for row in own)
    assert available
    assert extensions(large=True) == ([], own)


def test_available_extensions_need_the_whole_directory() -> None:
    found = refused("/directoryObjects/getAvailableExtensionProperties", ["Application.Read.All"], method="POST")
    assert found[:2] == (403, "Authorization_RequestDenied")


def test_recovery_keys_need_the_name_of_the_client() -> None:
    path, roles = "/informationProtection/bitlocker/recoveryKeys", ["BitlockerKey.ReadBasic.All"]
    assert refused(path, roles)[2] == "The required header 'User-Agent' is missing."
    answer = graph(0).answer(request(path, roles, headers={"user-agent": "a test"}))
    assert answer.status == 200
