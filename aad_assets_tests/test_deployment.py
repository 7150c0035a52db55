"""The files in deploy/: schemas, linters, and what they promise in docs/deployment.md."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
SCHEMAS = {
    "compose.yaml": ["--builtin-schema", "vendor.compose-spec"],
    "github-actions.yml": ["--builtin-schema", "vendor.github-workflows"],
    "gitlab-ci.yml": ["--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci"],
}
EXPOSURE = "20"
"""`systemd-analyze security` counts from 0 (none) to 100, and calls a service with less than 20 safe."""


def run(*command: str | Path, **environment: str) -> None:
    found = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment or None, check=False)
    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.parametrize("file", SCHEMAS)
def test_a_file_fits_its_published_schema(file: str) -> None:
    run(Path(sys.executable).with_name("check-jsonschema"), *SCHEMAS[file], DEPLOY / file)


@pytest.mark.skipif(sys.platform != "linux", reason="hadolint is installed on Linux only")
def test_the_dockerfile_has_no_findings() -> None:
    run(Path(sys.executable).with_name("hadolint"), DEPLOY / "Dockerfile")


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """Return a folder with the units, whose programs are those of this virtual environment."""
    folder = tmp_path / "units"
    shutil.copytree(DEPLOY / "systemd", folder)
    for unit in folder.glob("*.service"):
        unit.write_text(unit.read_text(encoding="utf-8").replace("/opt/aad_assets", sys.prefix), encoding="utf-8")
    return folder


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
@pytest.mark.parametrize("unit", [unit.name for unit in UNITS])
def test_a_unit_is_valid_and_confined(units: Path, unit: str) -> None:
    path = f"{units}:"
    run("systemd-analyze", "verify", "--man=no", units / unit, SYSTEMD_UNIT_PATH=path, PATH="/usr/bin:/bin")
    command = ("systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE}", units / unit)
    run(*command, SYSTEMD_UNIT_PATH=path, PATH="/usr/bin:/bin")


def test_only_the_code_location_has_credentials_and_data() -> None:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))["services"]

    assert {name for name, service in services.items() if "AAD_CLIENT_SECRET" in service["environment"]} == {"code"}
    assert {name for name, service in services.items() if any("data:" in each for each in service.get("volumes", ()))} == {
        "code"
    }
    assert services["code"]["environment"]["AAD_SERVING_COPY"]


def test_the_ui_listens_on_this_host_only() -> None:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))["services"]

    assert [port for service in services.values() for port in service.get("ports", ())] == ["127.0.0.1:3000:3000"]


def test_the_image_does_not_run_as_root_and_contains_no_database() -> None:
    lines = (DEPLOY / "Dockerfile").read_text(encoding="utf-8").splitlines()
    users = [line.split()[1] for line in lines if line.startswith("USER ")]
    copied = {source for line in lines if line.startswith("COPY ") for source in line.split()[1:-1]}
    allowed = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()

    assert users[-1] not in ("root", "0")
    assert "*" in allowed
    assert {line.removeprefix("!") for line in allowed if line.startswith("!")} == copied


@pytest.mark.parametrize("file", ["github-actions.yml", "gitlab-ci.yml"])
def test_a_job_stores_no_secret(file: str) -> None:
    text = (DEPLOY / file).read_text(encoding="utf-8")
    active = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))

    assert "AAD_CLIENT_SECRET" not in active
    assert re.search(r"api://AzureADTokenExchange", active)
