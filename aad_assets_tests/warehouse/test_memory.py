"""Tests for the memory of a reload, and for errors that say which memory or disk to make larger."""

from pathlib import Path
from typing import Any, cast

import duckdb
import pytest

from aad_assets.errors import WarehouseError
from aad_assets.warehouse.database import memory
from aad_assets.warehouse.database.failures import is_disk_full, is_out_of_memory
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.staging.stage import Stage
from aad_assets_tests.warehouse.support import Lab, Row

MEGABYTE = 10**6


@pytest.mark.parametrize(
    ("text", "expected"),
    [("800MB", 800 * MEGABYTE), ("2gb", 2 * 10**9), ("512 MiB", 512 * 2**20), ("1.5GiB", 1.5 * 2**30), ("0 bytes", 0)],
)
def test_an_amount_of_memory_is_read(text: str, expected: float) -> None:
    assert memory.parse(text) == expected


def test_what_is_no_amount_of_memory_is_rejected() -> None:
    with pytest.raises(ValueError, match="is not an amount"):
        memory.parse("much")


def test_the_setting_decides_before_the_machine_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_available", lambda: 64 * 10**9)
    assert memory.reload_memory("") == 800 * MEGABYTE
    assert memory.reload_memory("2GB") == 2 * 10**9
    monkeypatch.setattr(memory, "_available", lambda: 500 * MEGABYTE)
    assert memory.reload_memory("") == 450 * MEGABYTE


@pytest.mark.parametrize(
    ("groups", "files", "expected"),
    [
        ("0::/pod/box\n", {"pod/memory.max": "700", "pod/box/memory.max": "max", "memory.max": "900"}, [700, 900]),
        ("0::/unknown/in/here\n", {"memory.max": "600"}, [600]),
        ("4:cpu,memory:/box\n5:pids:/x\n", {"memory/box/memory.limit_in_bytes": "500"}, [500]),
        ("", {}, []),
    ],
)
def test_control_groups_limit_the_memory(tmp_path: Path, groups: str, files: dict[str, str], expected: list[int]) -> None:
    (tmp_path / "cgroup").write_text(groups)
    for name, text in files.items():
        (tmp_path / "fs" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "fs" / name).write_text(text)
    assert list(memory._control_groups(tmp_path / "cgroup", tmp_path / "fs")) == expected


def test_the_setting_limits_duckdb(tmp_path: Path) -> None:
    stage = Stage(tmp_path, memory_limit="1GB")
    with stage.cursor() as cursor:
        (found,) = cursor.execute("SELECT current_setting('memory_limit')").fetchall()
    stage.close()
    assert 590 * MEGABYTE < memory.parse(found[0]) < 610 * MEGABYTE


def test_a_row_that_is_too_large_to_publish_is_named(lab: Lab, target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    rows: list[Row] = [{"id": "small"}, {"id": "the large one", "name": "x" * 3 * 2**20}]

    def fail(*_: Any) -> None:
        raise duckdb.OutOfMemoryException("could not allocate xxx")

    monkeypatch.setattr("aad_assets.warehouse.publishing.publish.write_comments", fail)
    with pytest.raises(WarehouseError, match=r"row, the large one, has 3 MB\. Set AAD_MEMORY_LIMIT to a larger") as caught:
        lab.publish(target, rows)
    assert "xxx" not in str(caught.value)


def test_a_row_that_is_too_large_to_type_is_named(lab: Lab) -> None:
    with lab.stage.cursor() as cursor:
        cursor.execute("SET memory_limit = '40MB'")
    with pytest.raises(WarehouseError, match=r"^Typing .*The largest row, huge, has 21 MB\. Set AAD_MEMORY_LIMIT") as caught:
        lab.land([{"id": "small"}, {"id": "huge", "open": {"v": "xyz" * 7 * 10**6}}])
    assert "xyz" not in str(caught.value)


def test_a_load_that_needs_more_memory_than_there_is_names_the_setting(lab: Lab, target: Target) -> None:
    with lab.stage.cursor() as cursor:
        cursor.execute("SET memory_limit = '30MB'; SET temp_directory = ''")
        with pytest.raises(WarehouseError, match="Set AAD_MEMORY_LIMIT to a larger"), target.transaction(cursor):
            cursor.execute("CREATE TABLE target.aad.numbers AS SELECT list(i) FROM range(10_000_000) t(i)")


def test_a_full_disk_is_no_lack_of_memory(tmp_path: Path) -> None:
    """DuckDB reports a full folder of temporary files as one."""
    with duckdb.connect(config={"memory_limit": "20MB", "temp_directory": str(tmp_path), "threads": 1}) as connection:
        connection.execute("SET max_temp_directory_size = '1MB'")
        with pytest.raises(duckdb.OutOfMemoryException) as caught:
            connection.execute("CREATE TEMP TABLE t AS SELECT md5(i::VARCHAR) FROM range(3_000_000) t(i)")
    assert is_disk_full(caught.value)
    assert not is_out_of_memory(caught.value)


def test_a_full_disk_at_the_commit_says_to_make_room(database: Path) -> None:
    path = "/".join(["a-long-folder-name"] * 20)

    class Full:
        def execute(self, statement: str) -> None:
            if statement == "COMMIT":
                text = f'Failed to commit: Could not write file "{path}/entra.duckdb.wal": No space left on device'
                raise duckdb.TransactionException(text)

    target = Target(str(database), "aad", lock_wait=0.0)
    target._is_migrated = target.keep_attached = True
    target._attached_at = 0.0
    with pytest.raises(WarehouseError, match="Free some space there"), target.transaction(cast(Any, Full())):
        pass


@pytest.mark.parametrize(
    ("database", "options"),
    [
        ("ducklake:postgres:dbname=lake", " (DATA_INLINING_ROW_LIMIT 0)"),
        ("ducklake:lake.ducklake", ""),
        ("md:lake", ""),
    ],
)
def test_a_lake_on_postgresql_inlines_no_rows(database: str, options: str) -> None:
    said: list[str] = []

    class Recording:
        def execute(self, statement: str) -> "Recording":
            said.append(statement)
            if statement.startswith("BEGIN"):
                raise duckdb.IOException("enough")
            return self

    with pytest.raises(WarehouseError), Target(database, "aad").transaction(cast(Any, Recording())):
        pass
    assert said[0] == f"ATTACH '{database}' AS target{options}"
