"""The folder that a run stages in."""

import os
import stat
import tempfile
from pathlib import Path

import pytest

from aad_assets.errors import WarehouseError
from aad_assets.warehouse.staging.workspace import staging_folder, workspace
from aad_assets_tests.warehouse.support import OtherProcess

HOLD_WORKSPACE = """
import sys
from aad_assets.warehouse.staging.workspace import workspace
with workspace(sys.argv[1]) as folder:
    print(folder, flush=True)
    sys.stdin.readline()
print("left", flush=True)
"""


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_it_stands_beside_the_database_and_is_its_owners_alone(database: Path) -> None:
    before = os.umask(0o000)
    try:
        with workspace(str(database)) as folder:
            assert folder.parent == staging_folder(str(database)) == database.with_name(".entra.duckdb.staging")
            assert (mode(folder), mode(folder.parent)) == (0o700, 0o700)
    finally:
        os.umask(before)


def test_it_is_removed_at_the_end_with_all_that_is_in_it(database: Path) -> None:
    with workspace(str(database)) as folder:
        (folder / "deep").mkdir()
        (folder / "deep" / "rows.ndjson").write_text("{}")
    assert list(database.parent.iterdir()) == []


def test_it_is_removed_when_the_run_fails(database: Path) -> None:
    with pytest.raises(RuntimeError), workspace(str(database)):
        raise RuntimeError
    assert list(database.parent.iterdir()) == []


def test_it_is_created_again_after_it_was_removed(database: Path) -> None:
    for _ in range(2):
        with workspace(str(database)) as folder:
            assert folder.is_dir()


def test_two_runs_have_a_folder_each(database: Path) -> None:
    with workspace(str(database)) as one:
        with workspace(str(database)) as two:
            assert one != two
            assert one.is_dir()
        assert not two.exists()
        assert one.is_dir()
    assert list(database.parent.iterdir()) == []


@pytest.mark.parametrize("held", [True, False], ids=["killed at work", "killed before it held its folder"])
def test_folders_of_runs_that_were_killed_are_removed(database: Path, held: bool) -> None:
    abandoned = staging_folder(str(database)) / "run-abandoned"
    abandoned.mkdir(parents=True)
    (abandoned / "rows.ndjson").write_text("{}")
    if held:
        (abandoned / "held").write_text("")
    with workspace(str(database)) as folder:
        assert list(folder.parent.iterdir()) == [folder]
    assert list(database.parent.iterdir()) == []


def test_the_folder_of_a_live_process_is_kept_and_that_of_a_dead_one_is_not(database: Path) -> None:
    with OtherProcess(HOLD_WORKSPACE, str(database)) as other:
        theirs = Path(other.line())
        with workspace(str(database)) as ours:
            assert theirs.is_dir()
        assert theirs.is_dir()
        assert not ours.exists()
        other.kill()
    assert theirs.is_dir()
    with workspace(str(database)):
        assert not theirs.exists()


def test_the_other_process_finds_its_folder_at_the_end(database: Path) -> None:
    with OtherProcess(HOLD_WORKSPACE, str(database)) as other:
        theirs = Path(other.line())
        with workspace(str(database)):
            other.go_on()
            assert other.line() == "left"
            assert not theirs.exists()
    assert list(database.parent.iterdir()) == []


def test_other_files_are_left_alone(database: Path) -> None:
    database.write_text("rows")
    base = staging_folder(str(database))
    base.mkdir()
    (base / "mine").write_text("")
    with workspace(str(database)):
        pass
    assert (database.read_text(), (base / "mine").exists()) == ("rows", True)


def test_a_folder_that_others_could_read_is_made_private(database: Path) -> None:
    staging_folder(str(database)).mkdir()
    staging_folder(str(database)).chmod(0o777)
    with workspace(str(database)) as folder:
        assert mode(folder.parent) == 0o700


def test_a_link_in_its_place_is_not_followed(database: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    staging_folder(str(database)).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(WarehouseError, match="AAD_DATABASE"), workspace(str(database)):
        pass


def test_a_place_where_it_cannot_be_created_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    database = tmp_path / "file" / "entra.duckdb"
    with (
        pytest.raises(WarehouseError, match=r"Cannot stage rows in .* \(Not a directory\).*AAD_DATABASE"),
        workspace(str(database)),
    ):
        pass


def test_of_a_database_that_is_no_file_it_stands_in_the_temporary_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with workspace("ducklake:postgres:dbname=lake") as folder:
        assert folder.parent.parent == tmp_path
        assert mode(folder.parent) == 0o700
    assert list(tmp_path.iterdir()) == []
