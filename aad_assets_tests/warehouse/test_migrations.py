"""The bookkeeping schema: databases of earlier releases are taken over, and those of later releases are rejected by name.

`databases/first_release.duckdb.gz` was written by the first release, whose bookkeeping has no version. It holds three loads
with history, changes, a reject and a day of a log.
"""

import gzip
import json
import re
from datetime import date
from importlib import resources
from pathlib import Path

import duckdb
import pytest

import aad_assets
from aad_assets.catalog import CATALOG
from aad_assets.errors import WarehouseError
from aad_assets.warehouse.database import migrations
from aad_assets.warehouse.database.migrations import LATEST, MIGRATIONS
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.publishing.loads import recorded_days
from aad_assets.warehouse.reading.reader import reading
from aad_assets_tests.warehouse.support import TENANT, Lab, Row, read_alone

FIRST_RELEASE = Path(__file__).parent / "databases" / "first_release.duckdb.gz"

ROWS: list[Row] = [
    {
        "id": "a",
        "name": "Ada Lovelace",
        "tags": ["y", "x"],
        "small": 1,
        "moment": "2026-01-01T00:00:00Z",
        "info": {"label": "l", "deep": {"on": True}},
        "plans": [{"sku": "P", "off": ["m"], "since": "2026-01-01T00:00:00Z"}],
        "open": {"a": [1, 2], "b": 1},
        "undeclared": {"deep": [1]},
    },
    {"id": "b", "name": "Bob"},
    {"id": "d", "name": "Dora"},
]
"""The rows of the table `things` in the fixture, with collections in another order."""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "entra.duckdb"
    path.write_bytes(gzip.decompress(FIRST_RELEASE.read_bytes()))
    return path


@pytest.fixture
def target(database: Path) -> Target:
    return Target(str(database), "aad", lock_wait=0.0)


def write(database: Path, statement: str) -> None:
    with duckdb.connect(str(database)) as connection:
        connection.execute(statement)


def test_migrations_are_numbered_without_gaps() -> None:
    files = sorted(file.name for file in resources.files(migrations).iterdir() if file.name.endswith(".sql"))

    assert [migration.version for migration in MIGRATIONS] == list(range(1, LATEST + 1))
    assert all(re.fullmatch(r"\d{3}_\w+\.sql", name) for name in files)


def test_a_database_of_the_first_release_is_taken_over(lab: Lab, target: Target, database: Path) -> None:
    load = lab.publish(target, ROWS, number=3)

    assert (load.inserted, load.updated, load.deleted, load.unchanged) == (0, 0, 0, 3)
    assert load.schema_changes == [change for change in load.schema_changes if change.change == "undeclared"]
    assert read_alone(database, "SELECT max(version) FROM aad_meta.version") == [(LATEST,)]
    versions = "SELECT id, name, _valid_to IS NULL FROM aad_history.things ORDER BY ALL"
    assert read_alone(database, versions) == [
        ("a", "Ada", False),
        ("a", "Ada Lovelace", True),
        ("b", "Bob", False),
        ("b", "Bob", True),
        ("c", None, False),
        ("d", "Dora", True),
    ]
    assert read_alone(database, "SELECT key, column_name, value FROM aad_meta.rejects") == [("b", "small", '"not a number"')]
    with lab.stage.cursor() as cursor:
        assert recorded_days(cursor, target, CATALOG["sign_ins"].table, TENANT) == [(date(2026, 1, 1), True)]


def test_a_database_is_migrated_once(lab: Lab, database: Path) -> None:
    for number in (3, 4):
        lab.publish(Target(str(database), "aad"), ROWS, number=number)

    found = read_alone(database, "SELECT version FROM aad_meta.version ORDER BY ALL")
    assert found == [(migration.version,) for migration in MIGRATIONS]


def test_a_database_of_a_newer_release_is_rejected_by_name_and_left_unchanged(
    lab: Lab, target: Target, database: Path
) -> None:
    write(database, "CREATE TABLE aad_meta.version (version INTEGER, migrated_at TIMESTAMPTZ)")
    write(database, f"INSERT INTO aad_meta.version VALUES ({LATEST + 1}, now()); DROP TABLE aad_meta.log_days")
    before = database.read_bytes()

    with pytest.raises(WarehouseError) as caught:
        lab.publish(target, ROWS, number=3)

    message = str(caught.value)
    assert f"{database} (AAD_DATABASE) was written by a newer release" in message
    assert f"has version {LATEST + 1}, and this release supports version {LATEST} and older" in message
    assert message.endswith("Upgrade aad_assets, or set AAD_DATABASE to another file.")
    assert database.read_bytes() == before


def test_changes_in_a_database_of_a_newer_release_are_not_read(lab: Lab, target: Target, database: Path) -> None:
    lab.publish(target, ROWS, number=3)
    write(database, f"INSERT INTO aad_meta.version VALUES ({LATEST + 1}, now())")

    with pytest.raises(WarehouseError, match="was written by a newer release"):
        aad_assets.read("things", changes_since="2026-01-01", database=str(database), connection_name="aad")
    with pytest.raises(WarehouseError, match="was written by a newer release"), reading(str(database), bookkeeping_of="aad"):
        pass

    assert len(aad_assets.read("things", database=str(database), connection_name="aad")) == 3


def test_a_migration_that_was_rolled_back_runs_again(lab: Lab, target: Target, database: Path) -> None:
    with lab.stage.cursor() as cursor, pytest.raises(RuntimeError), target.transaction(cursor, TENANT):
        raise RuntimeError
    assert read_alone(database, "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'version'") == [(0,)]

    lab.publish(target, ROWS, number=3)

    assert read_alone(database, "SELECT max(version) FROM aad_meta.version") == [(LATEST,)]


def test_dates_and_annotations_that_say_nothing_leave_stored_rows_so_that_the_next_load_finds_no_change(
    lab: Lab, target: Target, database: Path
) -> None:
    none, noise = "0001-01-01T00:00:00Z", {"b@odata.context": "c", "b": {"@odata.type": "#t", "@odata.id": "i"}}
    for table in ("aad.things", "aad_history.things"):
        write(
            database,
            f"""UPDATE {table} SET moment = '{none}', day = '0001-01-01', name = '{none}',
            plans = [{{'sku': 'P', 'off': NULL, 'since': '{none}'}}, NULL], opens = ['{json.dumps(noise)}', NULL],
            open = '{json.dumps({"lastDateTime": none, "label": none} | noise)}', _extra = '{json.dumps({"new": noise})}'
            WHERE id = 'd'""",
        )
        write(database, f"""UPDATE {table} SET _extra = '{json.dumps({"x@odata.mediaEtag": "e"})}' WHERE id = 'b'""")
    changed: Row = {
        "id": "d",
        "name": none,
        "moment": none,
        "day": "0001-01-01",
        "plans": [{"sku": "P", "since": none}, None],
        "open": {"lastDateTime": none, "label": none} | noise,
        "opens": [noise, None],
        "new": noise,
    }

    load = lab.publish(target, [*ROWS[:2], changed], number=3)

    assert (load.inserted, load.updated, load.deleted, load.unchanged) == (0, 0, 0, 3)
    for table in ("aad.things", "aad_history.things"):
        (row,) = read_alone(database, f"SELECT to_json(t)::VARCHAR FROM {table} t WHERE id = 'd'")
        stored = json.loads(row[0])
        assert (stored["moment"], stored["day"], stored["name"]) == (None, None, none)
        assert stored["plans"] == [{"sku": "P", "off": None, "since": None}, None]
        plain = {"b": {"@odata.type": "#t"}}
        assert stored["open"] == {"lastDateTime": None, "label": none} | plain
        assert (stored["opens"], stored["_extra"]) == ([plain, None], {"new": plain})
        assert {extra for (extra,) in read_alone(database, f"SELECT _extra FROM {table} WHERE id = 'b'")} == {None}
    assert read_alone(database, "SELECT count(*) FROM aad_history.things") == [(6,)]


def test_columns_that_an_earlier_release_added_are_known_since_then(lab: Lab, target: Target, database: Path) -> None:
    def added(column: str) -> Row:
        return {"column": column, "change": "added"}

    write(
        database,
        f"""INSERT INTO aad_meta.loads (load_id, entity, _tenant_id, published_at, status, schema_changes) VALUES
        ('1', 'users', '{TENANT}', '2026-01-02', 'published', '{json.dumps([added("a"), added("b") | {"change": "lost"}])}'),
        ('2', 'users', '{TENANT}', '2026-01-03', 'published', '{json.dumps([added("a"), added("c.d")])}'),
        ('3', 'users', '{TENANT}', NULL, 'failed', '{json.dumps([added("e")])}')""",
    )
    lab.publish(target, ROWS, number=3)

    found = read_alone(database, "SELECT column_name, known_since::DATE, load_id FROM aad_meta.added_columns ORDER BY ALL")
    assert found == [("a", date(2026, 1, 3), "2"), ("c.d", date(2026, 1, 3), "2")]


def test_every_table_view_and_column_of_the_bookkeeping_has_a_comment(lab: Lab, target: Target, database: Path) -> None:
    lab.publish(target, ROWS, number=3)

    for listed, name in (("duckdb_tables", "table_name"), ("duckdb_views", "view_name"), ("duckdb_columns", "column_name")):
        found = read_alone(database, f"SELECT {name} FROM {listed}() WHERE schema_name = 'aad_meta' AND comment IS NULL")
        assert found == []
