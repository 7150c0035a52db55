"""Tests that many changed rows are published slice by slice, with the same result as in one piece."""

import shutil
from pathlib import Path

import duckdb
import pytest

from aad_assets.warehouse.database import memory
from aad_assets.warehouse.database.target import Target
from aad_assets_tests.warehouse.support import COLUMNS, Lab, Row, counts, entity, read_alone

WIDE = 300
"""Rows of a load that is cut into slices."""


@pytest.fixture(params=["one piece", "slices"])
def pieces(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Make DuckDB's memory as good as endless, or too small for more than a few rows."""
    monkeypatch.setattr(memory, "_JOINED", 1 if request.param == "one piece" else 50_000)
    return str(request.param)


def row(number: int, turn: int) -> Row:
    return {
        "id": f"t{number:03}",
        "name": f"name {number} {turn}" if number % 3 else None,
        "small": number * turn,
        "moment": f"2026-01-0{turn + 1}T00:00:00Z",
        "tags": [f"tag {turn}", "z"] if number % 4 else [],
        "info": {"label": f"label {turn}", "size": number},
        "open": {"turn": turn, "list": [1, 2]},
        "undeclared": turn,
    }


def test_every_row_changes_in_slices_as_in_one_piece(lab: Lab, target: Target, pieces: str) -> None:
    lab.publish(target, [row(number, 0) for number in range(WIDE)])
    changed = [row(number, 1) for number in range(20, WIDE + 30)]
    changed[5] = row(25, 0)
    changed[6] = row(26, 0) | {"tags": ["z", "tag 0"]}  # only the order of a collection differs
    load = lab.publish(target, changed, number=1)
    assert counts(load) == (30, WIDE - 22, 20, 2)
    assert {key: found["name"] for key, found in lab.table(target).items()} == {each["id"]: each["name"] for each in changed}
    versions = "SELECT count(*), count(*) FILTER (_valid_to IS NULL) FROM {history}.things"
    assert lab.stored(target, versions) == [(WIDE + WIDE - 22 + 30, WIDE + 10)]
    found = lab.stored(
        target,
        "SELECT change, count(*), count(DISTINCT key) FROM {meta}.changes WHERE load_id = 'load-1' GROUP BY ALL ORDER BY 1",
    )
    named, listed = (sum(1 for n in range(20, WIDE) if n not in (25, 26) and n % modulo) for modulo in (3, 4))
    rest = 5 * (WIDE - 22) - 0  # small, moment, info, open and _extra
    assert found == [("delete", 20, 20), ("insert", 30, 30), ("update", rest + named + listed, WIDE - 22)]
    assert lab.publish(target, changed, number=2).unchanged == len(changed)
    assert not list(Path(lab.folder).glob("slices*")), pieces


def test_columns_that_were_not_read_keep_their_values_in_every_slice(lab: Lab, target: Target, pieces: str) -> None:
    lab.publish(target, [row(number, 0) for number in range(WIDE)])
    load = lab.publish(target, [row(number, 1) for number in range(WIDE)], number=1, rejected=["name", "info"])
    assert load.updated == WIDE, pieces
    found = lab.table(target)
    assert all(found[f"t{n:03}"]["name"] == row(n, 0)["name"] for n in range(WIDE))
    assert all(found[f"t{n:03}"]["info"]["label"] == "label 0" for n in range(WIDE))
    assert all(found[f"t{n:03}"]["tags"] == row(n, 1)["tags"] for n in range(WIDE))


def test_a_release_that_adds_columns_rewrites_table_and_history_in_slices(lab: Lab, database: Path, pieces: str) -> None:
    target = Target(str(database), "aad")
    older = entity({name: type_ for name, type_ in COLUMNS.items() if name not in ("small", "tags")})
    rows: list[Row] = [row(number, 1) for number in range(WIDE)]
    lab.publish(target, rows, older)
    lab.publish(target, rows[20:], older, number=1)
    load = lab.publish(target, rows[20:], number=2)
    assert counts(load) == (0, 0, 0, WIDE - 20), pieces
    found = lab.table(target)
    assert all(
        found[each["id"]]["small"] == each["small"] and found[each["id"]]["tags"] == each["tags"] for each in rows[20:]
    )
    assert lab.stored(target, "SELECT count(*), count(small) FROM {history}.things") == [(WIDE, WIDE)]
    assert read_alone(database, "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'aad'") == [("things",)]
    assert read_alone(database, "SELECT count(*) FROM aad_history.things_at('2999-01-01')") == [(WIDE - 20,)]


def test_a_rewritten_table_survives_a_kill_after_the_commit(lab: Lab, database: Path, tmp_path: Path, pieces: str) -> None:
    """The log that DuckDB replays contains the rename."""
    target = Target(str(database), "aad")
    older = entity({name: type_ for name, type_ in COLUMNS.items() if name != "small"})
    rows: list[Row] = [row(number, 1) for number in range(WIDE)]
    lab.publish(target, rows, older)
    target.keep_attached = True
    lab.publish(target, rows, number=1)
    copy = tmp_path / "copy.duckdb"
    shutil.copyfile(database, copy)
    shutil.copyfile(f"{database}.wal", f"{copy}.wal")
    assert copy.with_name("copy.duckdb.wal").stat().st_size, pieces
    with duckdb.connect(str(copy)) as connection:
        assert connection.execute("SELECT count(small), count(*) FROM aad.things").fetchall() == [(WIDE, WIDE)]
