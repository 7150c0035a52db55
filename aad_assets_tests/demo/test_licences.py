"""Reading without a licence, and the wording of the error."""

import re
from collections.abc import Iterator

import pytest

from aad_assets.demo import DemoServer, DemoServerError, licensing
from aad_assets.demo.collections import COLLECTIONS, Collection

from .client import Client, asking, error_code
from .refusals import LOGS, denied

LICENSED = [
    each
    for each in COLLECTIONS
    if each.licence and "{id}" not in each.path and each.form != "view" and not each.delegated_only
]
SETS = [(), ("P1",), ("P2",), ("Governance", "Workload ID"), licensing.ALL]
PREMIUM_TENANT = (403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant")
REFUSALS = {
    "/auditLogs/(signIns|provisioning)|/reports|/identityProtection/riskDetections": PREMIUM_TENANT,
    "/roleManagement/directory|/policies/roleManagement": (400, "AadPremiumLicenseRequired"),
    "/identityGovernance/(privilegedAccess|roleManagementAlerts)": (400, "AadPremiumLicenseRequired"),
    "/(identityGovernance|roleManagement)/entitlementManagement": (403, "NoLicense"),
}
"""Status and code by the beginning of the path; elsewhere it is 403 Forbidden."""


@pytest.fixture(scope="module", params=SETS, ids=lambda each: "+".join(each) or "nothing")
def tenant(request: pytest.FixtureRequest) -> Iterator[tuple[Client, frozenset[str]]]:
    with DemoServer(users=20, no_quota=True, licences=request.param) as demo:
        client = Client(demo)
        yield client, licensing.held(request.param)
        client.close()


@pytest.mark.parametrize("collection", LICENSED, ids=lambda each: each.table)
def test_a_collection_needs_its_licence(tenant: tuple[Client, frozenset[str]], collection: Collection) -> None:
    client, held = tenant
    answer = client.get(asking(client, collection).rstrip("?&"))
    if collection.licence in held:
        assert answer.status_code == 200, answer.text
        return
    expected = next((refusal for start, refusal in REFUSALS.items() if re.match(start, collection.path)), (403, "Forbidden"))
    assert error_code(answer) == expected
    if expected == (403, "Forbidden"):
        assert answer.json()["error"]["message"] == "Your tenant is not licensed for this feature."


def test_sign_in_activity_needs_p1(tenant: tuple[Client, frozenset[str]]) -> None:
    client, held = tenant
    answer = client.get("/users?$select=id,signInActivity")
    if "P1" in held:
        assert answer.status_code == 200
    else:
        assert error_code(answer) == PREMIUM_TENANT
    for path in ("/users?$select=id", "/auditLogs/directoryAudits?$top=1"):
        assert client.get(path).status_code == 200


def test_the_permission_is_checked_first() -> None:
    withheld = ["AuditLog.Read.All", "IdentityRiskyUser.Read.All"]
    with DemoServer(users=20, no_quota=True, licences=(), without_permission=withheld) as demo:
        client = Client(demo)
        for path in ("/auditLogs/signIns", "/identityProtection/riskyUsers", "/users?$select=id,signInActivity"):
            assert error_code(client.get(path)) == (LOGS if "sign" in path else denied(path))
        client.close()


def test_every_licence_is_known() -> None:
    assert {each.licence for each in COLLECTIONS} - {""} == set(licensing.ALL)
    assert licensing.parse("none") == licensing.held(())
    assert licensing.parse("P2, Workload ID") == {"P1", "P2", "Workload ID"}


def test_an_unknown_licence_is_refused() -> None:
    with pytest.raises(DemoServerError, match="unknown licence 'P3'"):
        DemoServer(users=20, licences=["P3"]).start()
