"""Throttling: windows, families, headers."""

import re
from collections.abc import Iterator

import pytest

from aad_assets.demo import DemoServer
from aad_assets.demo.protocol.errors import GraphError
from aad_assets.demo.protocol.odata import Options
from aad_assets.demo.protocol.quota import Quota, cost

from .client import Client, error_code


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(("users", "limit"), [(49, 3500), (50, 5000), (500, 5000), (501, 8000)])
def test_the_limit_follows_the_size_of_the_tenant(users: int, limit: int) -> None:
    quota = Quota(users, 1.0, Clock())
    assert quota.charge("directory", limit) == 1.0
    with pytest.raises(GraphError):
        quota.charge("directory", 1)


def test_the_window_slides() -> None:
    clock = Clock()
    quota = Quota(10, 1.0, clock)
    quota.charge("reports", 5)
    clock.now = 4.5
    with pytest.raises(GraphError) as refused:
        quota.charge("reports", 1)
    assert refused.value.headers == {"Retry-After": "6"}
    clock.now = 10.0
    quota.charge("reports", 1)


def test_protection_says_nothing_about_when() -> None:
    quota = Quota(10, 1.0, Clock())
    quota.charge("protection", 1)
    with pytest.raises(GraphError) as refused:
        quota.charge("protection", 1)
    assert refused.value.headers == {}


@pytest.mark.parametrize(
    ("base", "options", "units"),
    [
        (2, Options(), 2),
        (2, Options(select=("id",)), 1),
        (2, Options(select=("id",), expand="manager"), 2),
        (1, Options(select=("id",), top=5), 1),
        (3, Options(top=5), 2),
    ],
)
def test_cost(base: int, options: Options, units: int) -> None:
    assert cost(base, options) == units


# As recorded on live tenants: where the rule of $select says less, the header is right.
MEASURED = [
    ("/users?$select=id", 2),
    ("/users", 2),
    ("/groups/{groups}/members", 3),
    ("/directoryRoles/{directory_roles}/members?$select=id", 3),
    ("/applications", 2),
    ("/servicePrincipals/{service_principals}/appRoleAssignedTo?$select=id&$top=999", 1),
    ("/applications/{applications}/extensionProperties", 2),
    ("/organization", 1),
    ("/roleManagement/directory/roleDefinitions", 1),
    ("/subscribedSkus", 3),
]


@pytest.mark.parametrize(("path", "units"), MEASURED)
def test_the_header_says_what_was_measured(client: Client, path: str, units: int) -> None:
    for table in re.findall(r"{(\w+)}", path):
        path = path.replace(f"{{{table}}}", next(client.demo.objects(table))["id"])
    assert client.get(path).headers["x-ms-resource-unit"] == str(units)


def test_logs_cost_no_units(client: Client) -> None:
    assert "x-ms-resource-unit" not in client.get("/auditLogs/directoryAudits?$top=1").headers


def test_headers_and_refusal_on_the_wire() -> None:
    with DemoServer(users=20, quota_scale=10 / 3500) as demo:
        client = Client(demo)
        answers = [client.get("/organization") for _ in range(11)]
        assert [answer.status_code for answer in answers] == [200] * 10 + [429]
        shares = [answer.headers.get("x-ms-throttle-limit-percentage") for answer in answers[:10]]
        assert shares == [None] * 7 + ["0.80", "0.90", "1.00"]
        assert error_code(answers[10]) == (429, "TooManyRequests")
        assert 1 <= int(answers[10].headers["Retry-After"]) <= 10
        assert demo.stats()["throttled"] == 1
        client.close()


FAMILIES = [
    ("/auditLogs/signIns?$top=1", "reports", True),
    ("/auditLogs/directoryAudits?$top=1", "reports", True),
    ("/auditLogs/provisioning?$top=1", "reports", True),
    ("/reports/authenticationMethods/userRegistrationDetails?$top=1", "reports", True),
    ("/identityProtection/riskyUsers", "protection", False),
    ("/identityProtection/riskDetections", "protection", False),
    ("/identityProtection/riskyServicePrincipals", "protection", False),
    ("/identityProtection/servicePrincipalRiskDetections", "protection", False),
    ("/users?$select=id,signInActivity", "sign_in_activity", True),
]


@pytest.fixture(scope="module")
def narrow() -> Iterator[Client]:
    """A tenant whose every family allows one request."""
    with DemoServer(users=20, quota_scale=0.0001) as demo:
        client = Client(demo)
        yield client
        client.close()


@pytest.mark.parametrize(("url", "family", "says_when"), FAMILIES)
def test_families_on_the_wire(narrow: Client, url: str, family: str, says_when: bool) -> None:
    narrow.demo.reset_stats()
    answers = [narrow.get(url), narrow.get(url)]
    assert error_code(answers[1]) == (429, "TooManyRequests")
    assert ("Retry-After" in answers[1].headers) == says_when
    assert set(narrow.demo.stats()["throttled_by_quota"]) == {family}


def test_key_credentials_have_a_quota_of_their_own() -> None:
    with DemoServer(users=20, quota_scale=1 / 150) as demo:
        client = Client(demo)
        url = "/applications?$select=id,keyCredentials"
        assert [client.get(url).status_code for _ in range(2)] == [200, 429]
        assert client.get("/applications?$select=id").status_code == 200
        client.close()
