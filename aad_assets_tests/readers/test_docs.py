"""Every block of SQL in the documentation runs on a loaded database, and the Python of docs/analysis.md as well."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from aad_assets.catalog import CATALOG
from aad_assets_tests.readers.blocks import blocks, requirements, run
from aad_assets_tests.readers.days import Days

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SQL = [(page.relative_to(ROOT), number, block) for page in PAGES for number, block in enumerate(blocks(page, "sql"), 1)]
NOT_FOR_APPS = {table for table, entity in CATALOG.items() if not entity.app_only}
WRITING = re.compile(r"^(DROP|DELETE|UPDATE|INSERT)", re.MULTILINE)


@pytest.fixture(scope="module")
def reader(days: Days) -> Iterator[duckdb.DuckDBPyConnection]:
    """A session as somebody opens the file: nothing attached but it, and its past as the documentation's."""
    with duckdb.connect(str(days.folder / "now.duckdb"), read_only=True) as connection:
        yield connection


def at_a_recorded_moment(block: str, days: Days) -> str:
    """Replace the documentation's moments in the past by one that is recorded."""
    moment = days.days[0]["moment"]
    block = block.replace("TIMESTAMPTZ '2026-11-01'", f"TIMESTAMPTZ '{moment}'")
    return block.replace("now() - INTERVAL 7 DAY", f"TIMESTAMPTZ '{moment}'")


@pytest.mark.parametrize(("page", "number", "block"), SQL, ids=lambda each: str(each) if not isinstance(each, str) else "")
def test_a_block_of_sql_runs(
    reader: duckdb.DuckDBPyConnection, days: Days, tmp_path: Path, page: Path, number: int, block: str
) -> None:
    if tables := {name for name in re.findall(r"aad\.(\w+)", block) if name in NOT_FOR_APPS}:
        pytest.skip(f"an app cannot read {tables}")
    if WRITING.search(block):
        shutil.copy(days.folder / "now.duckdb", tmp_path / "entra.duckdb")
        with duckdb.connect(str(tmp_path / "entra.duckdb")) as connection:
            connection.execute(block)
        return
    try:
        reader.execute(at_a_recorded_moment(block, days)).fetchall()
    finally:
        reader.execute("RESET VARIABLE as_of")


def test_the_documentation_has_sql() -> None:
    assert len(SQL) > 220


def test_the_python_of_the_page_about_reading_runs(days: Days) -> None:
    page = ROOT / "docs" / "analysis.md"
    assert run(page, days.folder / "now.duckdb") == 3
    assert requirements(page) == ["duckdb", "pandas", "polars", "pyarrow", "pytz"]


IN_PROCESS = ["automation.md", "component.md", "history.md", "settings.md", "tables/README.md"]


@pytest.mark.parametrize("name", IN_PROCESS)
def test_the_python_of_a_page_runs_where_the_project_is_installed(days: Days, tmp_path: Path, name: str) -> None:
    shutil.copy(days.folder / "now.duckdb", tmp_path / "entra.duckdb")
    day = days.days[0]["moment"].replace(" ", "T")
    code = (
        "\n".join(blocks(ROOT / "docs" / name, "python"))
        .replace('at="2026-11-01"', f'at="{day}"')
        .replace('"7d"', f'"{day}"')
    )
    assert code
    run_python(["-c", code], tmp_path)


def test_the_python_of_the_page_about_the_demo_runs_in_a_project_with_pytest(tmp_path: Path) -> None:
    own_test, options, fault, *servers = blocks(ROOT / "docs" / "demo-tenant.md", "python")
    code = [
        "import pytest, my_inventory\nfrom datetime import date",
        "from aad_assets.demo import DemoServer",
        own_test,
        f"def test_fault(entra_tenant):\n    {fault}",
        "def test_servers():\n" + "".join(f"    {server}" for server in servers),
    ]
    (tmp_path / "test_own.py").write_text("\n".join(code), encoding="utf-8")
    (tmp_path / "my_inventory.py").write_text(INVENTORY, encoding="utf-8")
    run_python(["-m", "pytest", "-q", "-p", "no:cacheprovider", "test_own.py"], tmp_path)
    (tmp_path / "test_own.py").write_text(f"import pytest\n{options}\ndef test(entra_tenant): pass\n", encoding="utf-8")
    run_python(["-m", "pytest", "-q", "-p", "no:cacheprovider", "test_own.py"], tmp_path)


INVENTORY = """
import os, aad_assets
from aad_assets.catalog import CATALOG
from aad_assets.reload import Reload
from aad_assets.settings import Settings
from aad_assets.warehouse.database.target import Target

def read_users():
    settings = Settings.from_environment(os.environ)
    list(Reload(settings.connection, Target(settings.database, "aad"), [CATALOG["users"]]).outcomes())
    return aad_assets.read("users")
"""


def run_python(arguments: list[str], folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, capture_output=True, text=True, timeout=240, env={**os.environ}, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


LISTED = {"tables": "table_name", "views": "view_name", "columns": "column_name"}


@pytest.mark.parametrize("kind", LISTED)
def test_everything_in_the_database_has_a_comment(reader: duckdb.DuckDBPyConnection, kind: str) -> None:
    found = reader.execute(
        f"""SELECT schema_name, {LISTED[kind]} FROM duckdb_{kind}()
            WHERE schema_name LIKE 'aad%' AND coalesce(comment, '') = ''"""
    ).fetchall()
    assert found == []
    count = reader.execute(f"SELECT count(*) FROM duckdb_{kind}() WHERE schema_name LIKE 'aad%'").fetchall()[0][0]
    assert count > 300


def test_comments_name_the_class_of_personal_data(reader: duckdb.DuckDBPyConnection) -> None:
    found = dict(
        reader.execute(
            "SELECT schema_name, comment FROM duckdb_columns() WHERE table_name = 'users' AND column_name = ?",
            ["employeeHireDate"],
        ).fetchall()
    )
    assert found.keys() == {"aad", "aad_at", "aad_flat", "aad_history"}
    assert all(comment.endswith("Personal data: sensitive.") for comment in found.values())


def test_a_dropped_table_leaves_a_database_that_the_next_reader_can_list(days: Days, tmp_path: Path) -> None:
    (block,) = blocks(ROOT / "docs" / "connection-metadata.md", "sql")
    shutil.copy(days.folder / "now.duckdb", tmp_path / "entra.duckdb")
    with duckdb.connect(str(tmp_path / "entra.duckdb")) as connection:
        connection.execute(block)
        left = connection.execute("SELECT schema_name FROM duckdb_views() WHERE view_name = 'risky_users'").fetchall()
        assert left == []
        connection.execute("SELECT count(*) FROM duckdb_columns()").fetchall()
