"""The fixture `entra_tenant`, used as another project would use it."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

PLUGIN = "aad_assets.demo.pytest_plugin"
TESTS = """
    import ssl

    import httpx
    import pytest


    @pytest.fixture(scope="session")
    def entra_tenant_options():
        return {"users": 30, "no_quota": True, "licences": ["P1"]}


    @pytest.fixture
    def client(entra_tenant):
        context = ssl.create_default_context(cafile=entra_tenant.ca_bundle)
        with httpx.Client(verify=context, trust_env=False) as http:
            answer = http.post(
                f"{entra_tenant.authority_url}/{entra_tenant.tenant_id}/oauth2/v2.0/token",
                data={
                    "grant_type": "client_credentials",
                    "client_id": entra_tenant.client_id,
                    "client_secret": entra_tenant.client_secret,
                    "scope": f"{entra_tenant.authority_url}/.default",
                },
            )
            http.base_url = entra_tenant.graph_base_url
            http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
            yield http


    def test_reading(client, entra_tenant):
        assert len(client.get("/users?$top=999").json()["value"]) == 30
        assert client.get("/identityProtection/riskyUsers").status_code == 403
        assert entra_tenant.environment["AAD_GRAPH_BASE_URL"] == entra_tenant.graph_base_url
        assert entra_tenant.environment["AAD_CLIENT_SECRET"] == entra_tenant.client_secret


    def test_faults(client, entra_tenant):
        entra_tenant.faults({"kind": "503", "path": "/users", "times": 1}, {"kind": "429", "path": "/groups"})
        assert [client.get(path).status_code for path in ("/users", "/users", "/groups")] == [503, 200, 429]


    def test_faults_and_days_end_with_a_test(client, entra_tenant):
        assert client.get("/groups").status_code == 200
        assert entra_tenant.day == 0
        before = client.get("/users?$top=999&$select=id,jobTitle").json()["value"]
        for _ in range(30):
            entra_tenant.next_day()
        assert entra_tenant.day == 30
        assert client.get("/users?$top=999&$select=id,jobTitle").json()["value"] != before


    def test_the_first_day_is_back(client, entra_tenant):
        assert entra_tenant.server.stats()["day"] == 0
"""


@pytest.fixture(autouse=True)
def _only_this_plugin(monkeypatch: pytest.MonkeyPatch, pytester: pytest.Pytester) -> None:
    """Load no plugin by its entry point, whether or not this version of the package is installed, and no other settings."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeini("[pytest]")


def test_a_tenant_for_the_tests_of_another_project(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TESTS)

    pytester.runpytest_subprocess("-p", PLUGIN).assert_outcomes(passed=4)


def test_a_missing_extra_is_named_when_the_fixture_is_used(pytester: pytest.Pytester) -> None:
    pytester.makeconftest("import sys\nsys.modules['uvicorn'] = None")
    pytester.makepyfile("def test_without():\n    pass\n\ndef test_with(entra_tenant):\n    pass")

    result = pytester.runpytest_subprocess("-p", PLUGIN)

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*entra_tenant needs uvicorn. Install aad_assets?demo?.*"])


def test_the_plugin_imports_nothing_heavy() -> None:
    heavy = "{'starlette', 'uvicorn', 'jwt', 'trustme', 'yaml', 'msgspec', 'dagster', 'duckdb', 'httpx'}"
    code = f"import sys, {PLUGIN}; print({heavy} & sys.modules.keys())"

    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"


def test_the_package_declares_the_plugin() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))["project"]

    assert project["entry-points"]["pytest11"] == {"aad_assets": PLUGIN}
