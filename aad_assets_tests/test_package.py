"""The content of a wheel of the project."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BUILD = "import sys; from setuptools.build_meta import build_wheel; print(build_wheel(sys.argv[1]))"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The paths in a wheel that is built from a copy of the checkout, without its metadata."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("aad_assets", "aad_assets_tests", "benchmarks", "tools"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "setup.cfg", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, source)
    command = [sys.executable, "-c", BUILD, str(target)]
    subprocess.run(command, cwd=source, check=True, capture_output=True, timeout=120)
    (wheel,) = target.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def test_it_contains_the_package_alone(installed: set[str]) -> None:
    assert {name.split("/")[0] for name in installed} == {"aad_assets"}


def test_it_contains_every_file_of_the_package(installed: set[str]) -> None:
    package = ROOT / "aad_assets"
    files = {path.relative_to(ROOT).as_posix() for path in package.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    assert installed == files


def test_it_tells_type_checkers_that_the_package_is_typed(installed: set[str]) -> None:
    assert "aad_assets/py.typed" in installed
