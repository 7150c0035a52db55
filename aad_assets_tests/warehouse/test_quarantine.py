"""The rows of blocked loads: who may read them, how long they stay, and folders that somebody else has put in their place."""

import os
import stat
import time
from pathlib import Path

import pytest

from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.publishing.quarantine import quarantine_folder, remove_old
from aad_assets_tests.warehouse.support import Lab
from aad_assets_tests.warehouse.test_gates import PEOPLE, blocked, people

OLD = time.time() - 100 * 86_400


def test_the_rows_of_a_blocked_load_are_kept_for_their_owner_and_removed_by_age(
    lab: Lab, target: Target, database: Path
) -> None:
    lab.publish(target, people(300), PEOPLE)
    message = str(blocked(lab, target, people(200)))
    (path,) = quarantine_folder(str(database)).glob("*.parquet")
    assert f"The table is unchanged; the rows that were read are in {path}." in message
    assert lab.query(f"SELECT count(*), count(name) FROM '{path}'") == [(200, 200)]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    for days, kept in ((0, True), (13, True), (15, False)):
        changed_at = time.time() - days * 86_400
        os.utime(path, (changed_at, changed_at))
        remove_old(str(database))
        assert path.exists() == kept, days
    assert not path.parent.exists()


def test_a_blocked_load_says_so_where_its_rows_cannot_be_kept(lab: Lab, target: Target, database: Path) -> None:
    lab.publish(target, people(300), PEOPLE)
    quarantine_folder(str(database)).write_text("in the way")
    message = str(blocked(lab, target, people(200)))
    assert message.endswith("The table is unchanged; the rows that were read could not be kept.")
    assert not list(lab.folder.glob("people-load*")), "nothing is left in the stage"


def test_a_link_in_the_place_of_the_folder_is_not_followed(lab: Lab, target: Target, database: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o755)
    theirs = elsewhere / "old.parquet"
    theirs.write_text("theirs")
    os.utime(theirs, (OLD, OLD))
    quarantine_folder(str(database)).symlink_to(elsewhere)
    lab.publish(target, people(300), PEOPLE)

    message = str(blocked(lab, target, people(200)))
    remove_old(str(database))

    assert message.endswith("the rows that were read could not be kept.")
    assert [path.name for path in elsewhere.iterdir()] == ["old.parquet"]
    assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o755
    assert quarantine_folder(str(database)).is_symlink()


def test_a_folder_of_another_user_is_not_used(
    lab: Lab, target: Target, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root could write to it, and could change its mode."""
    folder = quarantine_folder(str(database))
    folder.mkdir(mode=0o777)
    theirs = folder / "old.parquet"
    theirs.write_text("theirs")
    os.utime(theirs, (OLD, OLD))
    lab.publish(target, people(300), PEOPLE)
    owner = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: owner + 1)

    message = str(blocked(lab, target, people(200)))
    remove_old(str(database))

    assert message.endswith("the rows that were read could not be kept.")
    assert [path.name for path in folder.iterdir()] == ["old.parquet"]


def test_a_link_inside_the_folder_is_removed_or_replaced_and_never_followed(
    lab: Lab, target: Target, database: Path, tmp_path: Path
) -> None:
    victim = tmp_path / "victim.parquet"
    victim.write_text("precious")
    folder = quarantine_folder(str(database))
    folder.mkdir()
    for name in ("old", "people-load-5"):
        (folder / f"{name}.parquet").symlink_to(victim)
    os.utime(folder / "old.parquet", (OLD, OLD), follow_symlinks=False)
    lab.publish(target, people(300), PEOPLE)

    remove_old(str(database))
    blocked(lab, target, people(200))

    assert victim.read_text() == "precious"
    (kept,) = folder.iterdir()
    assert not kept.is_symlink()
    assert lab.query(f"SELECT count(*) FROM '{kept}'") == [(200,)]
