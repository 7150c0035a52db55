"""docs/register-app.sh, with an `az` that notes what it is asked."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from aad_assets.catalog import CATALOG

SCRIPT = Path(__file__).parents[1] / "docs" / "register-app.sh"

AZ = """#!/usr/bin/env bash
printf '%s\\t' "$@" >>"$ASKED"; printf '\\n' >>"$ASKED"
case "$*" in
*"sp show"*"[].join"*) while read -r name; do printf '%s id-of-%s\\n' "$name" "$name"; done <"$GRAPH" ;;
*"sp show"*"--query id"*) echo graph-object ;;
"ad app create"*) echo the-app ;;
"account show"*) echo the-tenant ;;
"cloud show"*) echo https://graph.microsoft.us/ ;;
*"--query password"*) echo the-s3cret ;;
esac
"""

OPENSSL = """#!/usr/bin/env bash
cp "$3" "$5"
"""

CHECK = """#!/usr/bin/env bash
cat "$PERMISSIONS${AAD_AUTH:+.$AAD_AUTH}"
"""

FOR_PEOPLE = "Agreement.Read.All"
"""A permission that the check command prints only if a person signs in."""

WAYS = {
    "secret": ([], "Role", ["AAD_CLIENT_SECRET=the-s3cret"]),
    "certificate": (["client.pem"], "Role", ["AAD_CLIENT_CERTIFICATE_PATH=client.pem"]),
    "federation": (["https://issuer.example", "repo:x"], "Role", ["AAD_FEDERATED_TOKEN_FILE="]),
    "managed-identity": (["object-1"], "", ["AAD_MANAGED_IDENTITY=system"]),
    "delegated": ([], "Scope", ["AAD_AUTH=delegated", "AAD_REDIRECT_URL=http://localhost", "AAD_CLIENT_SECRET=the-s3cret"]),
    "device-code": ([], "Scope", ["AAD_AUTH=delegated"]),
}


def run(folder: Path, *arguments: str) -> tuple[subprocess.CompletedProcess[str], list[list[str]]]:
    """Run the script. Return its result, and its calls of az."""
    for name, text in (("az", AZ), ("openssl", OPENSSL), ("aad-assets", CHECK)):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    (folder / "client.pem").touch()
    permissions = sorted({name for entity in CATALOG.values() for name in entity.permissions})
    (folder / "permissions").write_text("\n".join(name for name in permissions if name != FOR_PEOPLE) + "\n")
    (folder / "permissions.delegated").write_text("\n".join(permissions) + "\n")
    (folder / "graph").write_text("\n".join([*permissions, "User.Read", "offline_access"]) + "\n")
    asked = folder / "asked"
    asked.touch()
    environment = {
        "PATH": f"{folder}:{os.environ['PATH']}",
        "ASKED": str(asked),
        "PERMISSIONS": str(folder / "permissions"),
        "GRAPH": str(folder / "graph"),
        "AAD_ASSETS": str(folder / "aad-assets"),
    }
    bash = shutil.which("bash")
    assert bash
    result = subprocess.run(
        [bash, str(SCRIPT), *arguments], env=environment, cwd=folder, capture_output=True, text=True, check=False
    )
    return result, [line.split("\t")[:-1] for line in asked.read_text().splitlines()]


@pytest.mark.parametrize("way", WAYS)
def test_every_way_is_registered_with_every_permission(tmp_path: Path, way: str) -> None:
    arguments, kind, settings = WAYS[way]

    result, asked = run(tmp_path, way, *arguments)

    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    lines = result.stdout.splitlines()
    assert "AAD_TENANT_ID=the-tenant" in lines
    assert all(any(line.startswith(setting) for line in lines) for setting in settings)
    needed = {name for entity in CATALOG.values() for name in entity.permissions}
    if way == "managed-identity":
        urls = {call[call.index("--url") + 1] for call in asked if call[0] == "rest"}
        assert urls == {"https://graph.microsoft.us/v1.0/servicePrincipals/object-1/appRoleAssignments"}
        bodies = [call[call.index("--body") + 1] for call in asked if call[0] == "rest"]
        assert all(any(f'"id-of-{name}"' in body for body in bodies) is (name != FOR_PEOPLE) for name in needed)
        return
    granted = {call[call.index("--api-permissions") + 1] for call in asked if "--api-permissions" in call}
    needed = needed | {"User.Read", "offline_access"} if kind == "Scope" else needed - {FOR_PEOPLE}
    assert granted == {f"id-of-{name}={kind}" for name in needed}
    assert ["ad", "app", "permission", "admin-consent", "--id", "the-app"] in asked


@pytest.mark.parametrize("arguments", [[], ["password"], ["federation", "issuer alone"], ["certificate"]])
def test_a_wrong_call_says_how(tmp_path: Path, arguments: list[str]) -> None:
    result, asked = run(tmp_path, *arguments)
    assert result.returncode == 2
    assert "docs/register-app.sh secret" in result.stderr
    assert not any(call[:3] == ["ad", "app", "create"] for call in asked)


@pytest.mark.parametrize("environment", [{}, {"AAD_AUTH": "delegated"}], ids=str)
def test_the_permissions_are_printed_without_asking_the_tenant(tmp_path: Path, environment: dict[str, str]) -> None:
    command = Path(sys.executable).parent / "aad-assets"
    result = subprocess.run(
        [str(command), "check", "--permissions"], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    on = [entity for entity in CATALOG.values() if entity.on and (environment or entity.app_only)]
    needed = {name for entity in on for name in entity.permissions}
    # Those of a column, and of a list that saves requests.
    assert result.stdout.split() == sorted(needed | {"User-LifeCycleInfo.Read.All", "PrivilegedAccess.Read.AzureADGroup"})
