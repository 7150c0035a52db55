"""The locks name every dependency with a version and hashes, agree with each other, and name no index."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
USERS, DEVELOPERS = "requirements.lock", "requirements-dev.lock"
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
RUNTIME = [
    *PROJECT["project"]["dependencies"],
    *(each for extra in PROJECT["project"]["optional-dependencies"].values() for each in extra),
]


def blocks(lock: str) -> list[str]:
    """Return the lines of each package as one text."""
    text = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ")
    return [line for line in text.splitlines() if line.strip()]


def versions(lock: str) -> dict[str, set[str]]:
    """Return the versions of each package. There are several where they depend on the Python version."""
    found: dict[str, set[str]] = {}
    for block in blocks(lock):
        requirement = Requirement(block.split("--hash")[0].strip())
        (specifier,) = requirement.specifier
        assert specifier.operator == "=="
        found.setdefault(canonicalize_name(requirement.name), set()).add(specifier.version)
    return found


@pytest.mark.parametrize(
    ("lock", "declared"), [(USERS, RUNTIME), (DEVELOPERS, [*RUNTIME, *PROJECT["dependency-groups"]["dev"]])]
)
def test_a_lock_has_a_version_in_range_of_every_dependency(lock: str, declared: list[str]) -> None:
    locked = versions(lock)

    for requirement in map(Requirement, declared):
        for version in locked[canonicalize_name(requirement.name)]:
            assert Version(version) in requirement.specifier, requirement


@pytest.mark.parametrize("lock", [USERS, DEVELOPERS])
def test_a_lock_has_hashes_of_every_package_and_names_no_index(lock: str) -> None:
    for block in blocks(lock):
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", block), block.split()[0]
        assert "://" not in block


def test_users_and_developers_have_the_same_versions() -> None:
    users, developers = versions(USERS), versions(DEVELOPERS)

    assert users.items() <= developers.items()
    assert "pytest" in developers
    assert "pytest" not in users


def test_a_user_installs_the_locked_duckdb_that_the_constraints_name() -> None:
    (line,) = (
        line for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines() if line.startswith("duckdb")
    )

    assert versions(USERS)["duckdb"] == {line.split("#")[0].split("==")[1].strip()}
