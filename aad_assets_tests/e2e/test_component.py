"""A project with assets of its own that uses the component twice: two tenants, one database, and no secret in any file.

The project is loaded with the entry point that pyproject.toml declares, as pip would install it.
"""

import os
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import yaml

from aad_assets.demo import DemoServer
from aad_assets_tests.e2e.conftest import BIN, WARM, Place, make_place
from aad_assets_tests.hunting import everything_in

ROOT = Path(__file__).parents[2]
TENANTS = ("contoso", "fabrikam")
COMPONENT = "aad_assets.AadAssetsComponent"

FILES = {
    "pyproject.toml": """
        [project]
        name = "reports"
        version = "0.1"

        [tool.dg]
        directory_type = "project"

        [tool.dg.project]
        root_module = "reports"
    """,
    "src/reports/__init__.py": "",
    "src/reports/defs/__init__.py": "",
    "src/reports/definitions.py": """
        from pathlib import Path

        import dagster as dg


        @dg.definitions
        def defs():
            own = dg.load_from_defs_folder(path_within_project=Path(__file__).parent)
            return dg.Definitions.merge(own, dg.Definitions(executor=dg.in_process_executor))
    """,
    "src/reports/defs/accounts.py": """
        import dagster as dg
        import duckdb

        TENANTS = ("contoso", "fabrikam")


        @dg.asset(group_name="reports", deps=[dg.AssetKey([tenant, "domains"]) for tenant in TENANTS])
        def names():
            with duckdb.connect("tenants.duckdb", read_only=True) as database:
                counts = [database.sql(f"SELECT count(*) FROM {tenant}.domains").fetchone()[0] for tenant in TENANTS]
            return dg.MaterializeResult(metadata=dict(zip(TENANTS, counts)))


        @dg.asset
        def unrelated():
            return 1
    """,
}


@dataclass
class Project:
    """A project, and the environment in which it is loaded."""

    place: Place

    @property
    def folder(self) -> Path:
        return self.place.folder / "project"

    def dg(self, *arguments: str) -> str:
        """Run `dg` and return its output."""
        command = [str(BIN / "dg"), *arguments]
        result = subprocess.run(
            command, env=self.place.environment, cwd=self.folder, capture_output=True, text=True, check=False
        )
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    def materialize(self, select: str) -> subprocess.CompletedProcess[str]:
        arguments = ["asset", "materialize", "-m", "reports.definitions", "--working-directory", "src", "--select", select]
        return WARM.dagster(arguments, env=self.place.environment, cwd=self.folder, timeout=120)


@pytest.fixture
def tenants() -> Iterator[dict[str, DemoServer]]:
    """Yield two tenants of different sizes."""
    with DemoServer(users=30, no_quota=True) as first, DemoServer(users=40, no_quota=True, seed=7) as second:
        assert (first.tenant_id, first.client_secret) != (second.tenant_id, second.client_secret)
        yield {"contoso": first, "fabrikam": second}


@pytest.fixture
def project(tmp_path: Path, tenants: dict[str, DemoServer]) -> Project:
    """Return the project, with the variables of each tenant under names of its own."""
    settings = {
        f"{name.upper()}_{variable.removeprefix('AAD_')}" if variable.startswith("AAD_") else variable: value
        for name, tenant in tenants.items()
        for variable, value in tenant.environment().items()
    }
    place = make_place(tmp_path / "place", settings, captured=True)
    for name in [name for name in place.environment if name.startswith("AAD_")]:
        del place.environment[name]
    for path, content in FILES.items():
        file = place.folder / "project" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(content).lstrip(), encoding="utf-8")
    installed = tmp_path / "installed"
    entry_points(installed / "aad_assets_declared-0.dist-info")
    place.environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(installed)])
    place.environment["DAGSTER_DISABLE_TELEMETRY"] = "1"
    return Project(place)


def entry_points(folder: Path) -> None:
    """Write the entry points that pyproject.toml declares as pip does."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["entry-points"]
    group = "dagster_dg_cli.registry_modules"
    lines = [f"[{group}]", *(f"{name} = {value}" for name, value in declared[group].items())]
    folder.mkdir(parents=True)
    (folder / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: aad_assets_declared\nVersion: 0\n", encoding="utf-8")


def describe(project: Project, tenant: str, server: DemoServer, contents: dict[str, Any]) -> None:
    """Write the `defs.yaml` of a tenant: `contents`, and every setting of the demo tenant by the name of its variable."""
    names = [name.removeprefix("AAD_").lower() for name in server.environment() if name.startswith("AAD_")]
    attributes = contents["attributes"] | {name: {"env": f"{tenant.upper()}_{name.upper()}"} for name in names}
    attributes |= {"database": "tenants.duckdb", "quota_share": 50, "log_days": 7}
    file = project.folder / "src/reports/defs" / tenant / "defs.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(yaml.safe_dump(contents | {"attributes": attributes}), encoding="utf-8")


def test_two_tenants_beside_assets_of_its_own(project: Project, tenants: dict[str, DemoServer]) -> None:
    assert COMPONENT in project.dg("list", "components")
    for name, server in tenants.items():
        project.dg("scaffold", "defs", COMPONENT, name)
        scaffolded = project.folder / "src/reports/defs" / name / "defs.yaml"
        describe(project, name, server, yaml.safe_load(scaffolded.read_text("utf-8")))
    assert "All component YAML validated successfully" in project.dg("check", "yaml")

    tables = " or ".join(f'key:"{tenant}/{table}"' for tenant in TENANTS for table in ("domains", "users", "user_licenses"))
    result = project.materialize(f'{tables} or key:"names" or key:"unrelated"')

    assert result.returncode == 0, result.stderr[-3000:]
    place = project.place
    place.environment["AAD_DATABASE"] = str(project.folder / "tenants.duckdb")
    counts = {tenant: place.query(f"SELECT count(*) FROM {tenant}.users")[0][0] for tenant in TENANTS}
    assert counts["contoso"] < counts["fabrikam"], "each has the users of its own tenant"
    ids = {tenant: place.query(f"SELECT DISTINCT _tenant_id FROM {tenant}.domains") for tenant in TENANTS}
    assert ids == {tenant: [(server.tenant_id,)] for tenant, server in tenants.items()}

    found = everything_in(place.folder) | {"stdout": result.stdout.encode(), "stderr": result.stderr.encode()}
    assert any(b"CONTOSO_CLIENT_SECRET" in content for name, content in found.items() if name.endswith(".db dumped")), (
        "the config of the run was searched"
    )
    for server in tenants.values():
        for needle in (server.client_secret.encode(), b"eyJ"):
            assert [name for name, content in found.items() if needle in content] == []


def test_a_missing_variable_fails_one_tenant_and_not_the_other(project: Project, tenants: dict[str, DemoServer]) -> None:
    for name, server in tenants.items():
        describe(project, name, server, {"type": COMPONENT, "attributes": {"connection_name": name}})
    del project.place.environment["FABRIKAM_CLIENT_SECRET"]

    failed = project.materialize('key:"fabrikam/domains"')
    assert failed.returncode == 1
    assert 'environment variable "FABRIKAM_CLIENT_SECRET" which is not set' in failed.stderr + failed.stdout
    assert project.materialize('key:"contoso/domains"').returncode == 0
