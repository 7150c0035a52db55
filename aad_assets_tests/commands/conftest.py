"""Fixtures of commands that read a database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from aad_assets.warehouse.database.target import Target
from aad_assets_tests.warehouse.support import Lab


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    folder = tmp_path / "staging"
    folder.mkdir()
    lab = Lab(folder)
    yield lab
    lab.close()


@pytest.fixture
def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Target:
    """Return the database that the settings name, in an empty working directory."""
    database = str(tmp_path / "entra.duckdb")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AAD_DATABASE", database)
    return Target(database, "aad")
