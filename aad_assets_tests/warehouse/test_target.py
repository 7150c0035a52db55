"""The target: who has the database attached and when, and the messages when it cannot be attached."""

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import duckdb
import pytest

from aad_assets.errors import WarehouseError
from aad_assets.warehouse.database.private_files import create_database
from aad_assets.warehouse.database.sql import ALIAS
from aad_assets.warehouse.database.target import Target
from aad_assets_tests.warehouse.support import HOLD_DATABASE, OTHER_TENANT, TENANT, Lab, OtherProcess, read_alone, touch


def is_attached(lab: Lab) -> bool:
    return lab.query(f"SELECT count(*) FROM duckdb_databases() WHERE database_name = '{ALIAS}'") == [(1,)]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def umask_022() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def test_opening_makes_the_schemas_and_the_bookkeeping(lab: Lab, target: Target, database: Path) -> None:
    touch(lab, target)
    found = read_alone(database, "SELECT schema_name || '.' || table_name FROM duckdb_tables() ORDER BY 1")
    assert [name for (name,) in found] == [
        "aad_meta.added_columns",
        "aad_meta.changes",
        "aad_meta.coverage",
        "aad_meta.definitions",
        "aad_meta.loads",
        "aad_meta.log_days",
        "aad_meta.refused_parents",
        "aad_meta.rejects",
        "aad_meta.run_times",
        "aad_meta.version",
    ]


def test_what_was_done_is_committed_at_the_end(lab: Lab, target: Target, database: Path) -> None:
    with lab.stage.cursor() as cursor, target.transaction(cursor, TENANT):
        cursor.execute(f"CREATE TABLE {target.schema}.things AS SELECT 42 AS answer")
    assert read_alone(database, "SELECT answer FROM aad.things") == [(42,)]


def test_what_was_done_is_undone_on_an_error(lab: Lab, target: Target, database: Path) -> None:
    def fail(cursor: duckdb.DuckDBPyConnection) -> None:
        with target.transaction(cursor, TENANT):
            cursor.execute(f"CREATE TABLE {target.schema}.things AS SELECT 42 AS answer")
            raise RuntimeError

    with lab.stage.cursor() as cursor, pytest.raises(RuntimeError):
        fail(cursor)
    assert read_alone(database, "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'things'") == [(0,)]
    touch(lab, target)


def test_afterwards_the_file_is_free_and_whole_without_its_log(lab: Lab, target: Target, database: Path) -> None:
    touch(lab, target)
    assert not database.with_name("entra.duckdb.wal").exists()
    with OtherProcess(HOLD_DATABASE, str(database)) as other:
        assert other.line() == "held"


def test_a_database_that_is_kept_attached_stays_so_until_it_is_released(lab: Lab, target: Target, database: Path) -> None:
    target.keep_attached = True
    touch(lab, target)
    assert is_attached(lab)
    assert target.attached_seconds is not None
    with lab.stage.cursor() as cursor:
        target.release(cursor)
        target.release(cursor)
    assert not is_attached(lab)
    assert target.attached_seconds is None
    with OtherProcess(HOLD_DATABASE, str(database)) as other:
        assert other.line() == "held"


def test_a_database_that_is_kept_attached_is_released_after_an_error(lab: Lab, target: Target) -> None:
    target.keep_attached = True
    with lab.stage.cursor() as cursor, pytest.raises(WarehouseError), target.transaction(cursor, TENANT):
        cursor.execute("SELECT * FROM nowhere")
    assert not is_attached(lab)


def test_a_file_that_is_replaced_while_it_is_opened_is_opened_again(lab: Lab, target: Target, database: Path) -> None:
    """A compaction replaces the file after Target has identified it and before it opens it."""
    lab.publish(target, [{"id": "old"}])
    new = database.with_name("new.duckdb")
    shutil.copy(database, new)
    with duckdb.connect(str(new)) as connection:
        connection.execute("UPDATE aad.things SET id = 'new'")
    statements: list[str] = []

    class Replacing:
        """A cursor that opens the old file because the file is replaced during its first ATTACH."""

        def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
            self._cursor = cursor

        def execute(self, statement: str, *parameters: Any) -> duckdb.DuckDBPyConnection:
            statements.append(statement)
            if not statement.startswith("ATTACH") or not new.exists():
                return self._cursor.execute(statement, *parameters)
            opened = self._cursor.execute(statement, *parameters)
            new.replace(database)
            return opened

    with lab.stage.cursor() as cursor:
        replacing = cast(Any, Replacing(cursor))
        with target.transaction(replacing, TENANT):
            assert replacing.execute(f"SELECT id FROM {target.schema}.things").fetchall() == [("new",)]
    assert [statement.split()[0] for statement in statements][:3] == ["ATTACH", "DETACH", "ATTACH"]


def test_a_path_that_speaks_of_locks_is_not_taken_for_a_locked_file(lab: Lab, tmp_path: Path) -> None:
    folder = tmp_path / "clock-lockers"
    folder.mkdir()
    database = folder / "locked.duckdb"
    database.write_bytes(b"no database" * 1000)
    with pytest.raises(WarehouseError, match=r"cannot take the load"):
        touch(lab, Target(str(database), "aad", lock_wait=60.0))


def test_a_file_that_is_not_a_database_is_reported_and_left_unchanged(lab: Lab, target: Target, database: Path) -> None:
    content = b"surely not a database" * 1000
    database.write_bytes(content)
    with pytest.raises(WarehouseError, match=r"entra\.duckdb \(AAD_DATABASE\) cannot take the load: .*not a valid DuckDB"):
        touch(lab, target)
    assert database.read_bytes() == content
    database.unlink()
    touch(lab, target)


def test_a_damaged_database_is_reported(lab: Lab, target: Target, database: Path) -> None:
    touch(lab, target)
    whole = bytearray(database.read_bytes())
    whole[4096:] = b"\xff" * (len(whole) - 4096)
    database.write_bytes(whole)
    with pytest.raises(WarehouseError, match="AAD_DATABASE"):
        touch(lab, Target(str(database), "aad", lock_wait=0.0))


def test_a_folder_that_cannot_be_created_is_reported(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WarehouseError, match=r"AAD_DATABASE\) cannot take the load: .*File exists"):
        touch(lab, Target(str(tmp_path / "file" / "entra.duckdb"), "aad"))


def test_a_folder_in_the_place_of_the_file_is_reported(lab: Lab, target: Target, database: Path) -> None:
    database.mkdir()
    with pytest.raises(WarehouseError, match="AAD_DATABASE"):
        touch(lab, target)


UNPRIVILEGED = """
import os, sys
from pathlib import Path
from aad_assets.errors import WarehouseError
from aad_assets.warehouse.database.private_files import create_database
from aad_assets.warehouse.database.target import Target
from aad_assets_tests.warehouse.support import TENANT, Lab

lab = Lab(Path(sys.argv[1]))
if os.geteuid() == 0:
    os.setuid(65534)
try:
    with lab.stage.cursor() as cursor, Target(sys.argv[2], "aad").transaction(cursor, TENANT):
        print("opened", flush=True)
except WarehouseError as error:
    print(error, flush=True)
"""


def test_a_folder_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    for name, permissions in (("staging", 0o700), ("closed", 0o500)):
        (tmp_path / name).mkdir(mode=permissions)
    database = tmp_path / "closed" / "entra.duckdb"
    with OtherProcess(UNPRIVILEGED, str(tmp_path / "staging"), str(database)) as other:
        message = other.line()
    assert message.startswith(f"The database {database} (AAD_DATABASE) cannot take the load: ")
    assert "Permission denied" in message


def test_a_folder_that_is_missing_is_made_private(lab: Lab, tmp_path: Path, umask_022: None) -> None:
    touch(lab, Target(str(tmp_path / "a" / "b" / "entra.duckdb"), "aad"))
    assert mode(tmp_path / "a" / "b") == 0o700


def test_the_database_and_its_log_have_their_final_mode_at_every_moment(
    lab: Lab, target: Target, database: Path, umask_022: None
) -> None:
    """Also in a second transaction, because DuckDB removes the log at a checkpoint and creates another."""
    target.keep_attached = True
    log = database.with_name("entra.duckdb.wal")
    for number in range(2):
        with lab.stage.cursor() as cursor, target.transaction(cursor, TENANT):
            assert (mode(database), mode(log)) == (0o600, 0o600)
            cursor.execute(f"CREATE TABLE {target.schema}.things_{number} AS SELECT 42 AS answer")
        assert (mode(database), mode(log)) == (0o600, 0o600)
        assert log.stat().st_size > 0
        with lab.stage.cursor() as cursor:
            cursor.execute(f"CHECKPOINT {ALIAS}")
    with lab.stage.cursor() as cursor:
        target.release(cursor)
    assert {path.name for path in database.parent.iterdir()} - {"staging0"} == {"entra.duckdb"}
    assert mode(database) == 0o600
    assert os.umask(0o022) == 0o022


@pytest.mark.parametrize("exists", [False, True], ids=["to be created", "existing"])
def test_the_log_of_a_database_behind_a_link_has_its_final_mode_too(
    lab: Lab, tmp_path: Path, umask_022: None, exists: bool
) -> None:
    """DuckDB writes the log beside the file, not beside the link."""
    link, file = tmp_path / "here" / "entra.duckdb", tmp_path / "there" / "entra.duckdb"
    for path in (link, file):
        path.parent.mkdir()
    link.symlink_to(file)
    target = Target(str(link), "aad")
    if exists:
        touch(lab, target)
    with lab.stage.cursor() as cursor, target.transaction(cursor, TENANT):
        assert (mode(file), mode(file.with_name("entra.duckdb.wal"))) == (0o600, 0o600)
        cursor.execute(f"CREATE TABLE {target.schema}.things AS SELECT 42 AS answer")
        assert [path.name for path in link.parent.iterdir()] == [link.name]
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_a_database_made_by_two_processes_at_once_is_one(lab: Lab, target: Target, database: Path) -> None:
    """The other process links its new file just before this one does."""
    with lab.stage.cursor() as cursor:
        create_database(str(database), cursor)
    kept = database.stat().st_ino

    with lab.stage.cursor() as cursor, pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "exists", lambda *_, **__: False)  # not yet, when it asked
        create_database(str(database), cursor)
    assert database.stat().st_ino == kept


def test_a_database_of_another_tenant_is_rejected(lab: Lab, target: Target, database: Path) -> None:
    lab.publish(target, [{"id": "a"}])
    other = Target(str(database), "aad")
    with pytest.raises(WarehouseError, match=f"holds tenant {TENANT}, not {OTHER_TENANT}. Set AAD_CONNECTION_NAME"):
        touch(lab, other, OTHER_TENANT)
    assert lab.table(target).keys() == {"a"}
    touch(lab, Target(str(database), "emea"), OTHER_TENANT)


def test_a_load_that_failed_does_not_make_it_another_tenants(lab: Lab, target: Target, database: Path) -> None:
    lab.publish(target, [{"id": "a"}])
    lab.stored(target, "UPDATE {meta}.loads SET status = 'failed'")
    touch(lab, Target(str(database), "aad"), OTHER_TENANT)


@pytest.mark.parametrize(
    "name", ['it\'s "our" data.duckdb', "en tra; DROP.duckdb", "ä[b]*.duckdb", "a:b.duckdb", "no ending"]
)
def test_a_path_may_have_any_name(lab: Lab, tmp_path: Path, name: str) -> None:
    database = tmp_path / "it's a folder" / name
    lab.publish(Target(str(database), "aad"), [{"id": "a"}])
    assert read_alone(database, "SELECT id FROM aad.things") == [("a",)]


@pytest.mark.parametrize(
    ("database", "shown"),
    [
        ("ducklake:postgres:dbname=lake host=db password=hunter2", "ducklake:postgres:…"),
        ("postgres://entra:hunter2@db/lake", "postgres:…"),
        ("md:lake?motherduck_token=hunter2", "md:…"),
        ("/tmp/entra:2.duckdb", "/tmp/entra:2.duckdb"),
    ],
)
def test_secrets_of_a_target_that_is_not_a_file_are_not_shown(database: str, shown: str) -> None:
    class Refusing:
        def execute(self, statement: str) -> None:
            raise duckdb.IOException(f"cannot connect: {statement}; {database}")

    target = Target(database, "aad", lock_wait=0.0)
    assert target.display_name == shown
    with pytest.raises(WarehouseError) as caught, target.transaction(cast(Any, Refusing()), TENANT):
        pass
    assert "hunter2" not in str(caught.value)
    assert f"The database {shown} (AAD_DATABASE)" in str(caught.value)


def test_a_full_disk_says_what_to_do(database: Path) -> None:
    class Full:
        def execute(self, statement: str) -> None:
            raise duckdb.IOException('Could not write file "entra.duckdb.wal": No space left on device')

    said = r"No space left on device\. The tables are as they were\. Free some space there, or set AAD_DATABASE"
    target = Target(str(database), "aad", lock_wait=0.0)
    with pytest.raises(WarehouseError, match=said), target.transaction(cast(Any, Full()), TENANT):
        pass


KILLED = """
import sys
from pathlib import Path
from aad_assets.warehouse.publishing import publish
from aad_assets.warehouse.database.private_files import create_database
from aad_assets.warehouse.database.target import Target
from aad_assets_tests.warehouse.support import Lab

database, staging, point = sys.argv[1:]

def wait(*_):
    print("now", flush=True)
    sys.stdin.readline()

setattr(Target if point == "release" else publish, point, wait)
lab = Lab(Path(staging))
lab.publish(Target(database, "aad"), [{"id": "b", "name": "x" * 1000} for n in range(1)] + [{"id": "c"}], number=1)
"""


@pytest.mark.parametrize(("point", "left"), [("insert_load", {"a", "b"}), ("release", {"b", "c"})], ids=["before", "after"])
def test_a_kill_leaves_the_rows_of_before_or_after_and_the_next_load_works(
    lab: Lab, target: Target, database: Path, tmp_path: Path, point: str, left: set[str]
) -> None:
    """Kill the process `before` the transaction is committed, or `after` it and before the file is closed."""
    lab.publish(target, [{"id": "a"}, {"id": "b"}])
    (tmp_path / "killed").mkdir()
    with OtherProcess(KILLED, str(database), str(tmp_path / "killed"), point) as other:
        assert other.line() == "now"
        other.kill()
    assert lab.table(target).keys() == left
    assert lab.stored(target, "SELECT count(*) FROM {meta}.loads") == [(1 if point == "insert_load" else 2,)]
    load = lab.publish(target, [{"id": "a"}, {"id": "c"}], number=2)
    assert (load.inserted + load.unchanged, load.deleted) == (2, 1)
    assert read_alone(database, "SELECT id FROM aad.things ORDER BY id") == [("a",), ("c",)]


@pytest.mark.parametrize(("database", "checkpoints"), [("/data/entra.duckdb", True), ("ducklake:meta.ducklake", False)])
def test_only_a_file_is_checkpointed(database: str, checkpoints: bool) -> None:
    """In a lake, CHECKPOINT runs all maintenance, which takes seconds after each table."""
    executed: list[str] = []
    cursor = cast(Any, SimpleNamespace(execute=lambda statement, *_: executed.append(statement)))

    target = Target(database, "aad")
    target._attached_at = 0.0
    target.release(cursor)

    assert (f"CHECKPOINT {ALIAS}" in executed) == checkpoints
    assert executed[-1] == f"DETACH {ALIAS}"
