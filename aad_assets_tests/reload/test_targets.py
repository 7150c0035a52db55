"""The warnings of a run about a target that is no file."""

from pathlib import Path

import pytest

from aad_assets.catalog import CATALOG
from aad_assets.reload import Reload
from aad_assets.settings import Connection
from aad_assets.warehouse.database.target import Target


@pytest.mark.parametrize("database", ["ducklake:postgres:password=hunter2", "md:lake"])
def test_a_target_that_is_no_file_is_experimental(database: str) -> None:
    (said,) = Reload(Connection(), Target(database, "aad"), [CATALOG["users"]]).warnings()
    assert "experimental" in said
    assert "hunter2" not in said


def test_a_file_is_not_experimental(tmp_path: Path) -> None:
    assert Reload(Connection(), Target(str(tmp_path / "entra.duckdb"), "aad"), [CATALOG["users"]]).warnings() == []
