"""Fixtures of the warehouse tests."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.staging.stage import CHUNK
from aad_assets_tests.warehouse.support import Lab

MakeLab = Callable[..., Lab]


@pytest.fixture
def make_lab(tmp_path: Path) -> Iterator[MakeLab]:
    """Return a function that creates a lab with chunks of the given size, which is closed at the end of the test."""
    made: list[Lab] = []

    def make(chunk: int = CHUNK) -> Lab:
        folder = tmp_path / f"staging{len(made)}"
        folder.mkdir()
        made.append(Lab(folder, chunk=chunk))
        return made[-1]

    yield make
    for lab in made:
        lab.close()


@pytest.fixture
def lab(make_lab: MakeLab) -> Lab:
    return make_lab()


@pytest.fixture(scope="module")
def shared_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Return a lab for hypothesis, in which every example stages again."""
    made = Lab(tmp_path_factory.mktemp("staging"))
    yield made
    made.close()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "entra.duckdb"


@pytest.fixture
def target(database: Path) -> Target:
    return Target(str(database), "aad", lock_wait=0.0)
