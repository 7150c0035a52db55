"""`aad-assets changes` as people run it, on tables that record no changes or only from some moment on."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from aad_assets.cli import main
from aad_assets.warehouse.database.target import Target
from aad_assets_tests.warehouse.support import FIRST_LOAD, OPEN, THINGS, Lab


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    folder = tmp_path / "staging"
    folder.mkdir()
    lab = Lab(folder)
    yield lab
    lab.close()


@pytest.fixture
def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Target:
    database = str(tmp_path / "entra.duckdb")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AAD_DATABASE", database)
    return Target(database, "aad")


def test_without_history_in_any_table_it_fails(lab: Lab, target: Target, capsys: pytest.CaptureFixture[str]) -> None:
    lab.publish(target, [{"id": "a"}], options=replace(OPEN, history=False))
    assert main(["changes", "--since", "today"]) == 1
    assert "No changes are recorded in this database because no table" in capsys.readouterr().err


def test_tables_that_are_recorded_from_a_later_moment_on_are_named(
    lab: Lab, target: Target, capsys: pytest.CaptureFixture[str]
) -> None:
    first, later = (FIRST_LOAD + timedelta(days=number) for number in (1, 2))
    lab.publish(target, [{"id": "b"}], number=1)
    lab.publish(target, [{"id": "c"}], replace(THINGS, table="others"), number=2)
    assert main(["changes", "--since", f"{first:%Y-%m-%d}"]) == 0
    assert capsys.readouterr().err == f"Changes of others are recorded from {later} on.\n"

    for name in ("more", "and_more"):
        lab.publish(target, [{"id": "c"}], replace(THINGS, table=name), number=2)
    assert main(["changes", "--since", f"{first:%Y-%m-%d}"]) == 0
    assert capsys.readouterr().err == (
        f"Changes of 3 tables are recorded from a later moment on, at the latest from {later}: and_more, more, others.\n"
    )


def test_another_database_can_be_named(
    lab: Lab, target: Target, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.publish(target, [{"id": "b"}], number=1)
    lab.publish(target, [{"id": "c"}], number=2)
    monkeypatch.setenv("AAD_DATABASE", "missing.duckdb")
    since = f"{FIRST_LOAD + timedelta(days=1):%Y-%m-%d}"

    assert main(["changes", "--since", since]) == 1
    assert main(["changes", "--since", since, "--database", target.database]) == 0
    assert "2 changes" in capsys.readouterr().out
