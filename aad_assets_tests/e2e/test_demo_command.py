"""`aad-assets demo` as in the README: a first reload, a reload a day later, and a tenant that keeps running."""

import json
import os
import re
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from aad_assets.catalog import ENTITIES, Group
from aad_assets.cli import main
from aad_assets.commands.query import documented_queries
from aad_assets_tests.e2e.conftest import BIN

ON = {entity.table for entity in ENTITIES if entity.on and entity.app_only}
LOGS = {entity.table for entity in ENTITIES if entity.group is Group.LOGS}
COMMAND = [str(BIN / "aad-assets"), "demo"]
SMALL = ["--users", "60", "--licences", "none"]
"""Without licences a quarter of the tables is skipped, including two of the three logs."""
ROW = re.compile(r"^(\w+) +([\d,]+) +([\d,]+) +([\d,]+) +([\d,]+) +[\d.]+$", re.MULTILINE)


def clean_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("AAD_", "DAGSTER_"))}


def run_demo(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, "--folder", str(folder), *options]
    return subprocess.run(command, env=clean_environment(), capture_output=True, text=True, timeout=240, check=False)


def shown(output: str) -> dict[str, list[int]]:
    """Return rows, inserted, updated and deleted by entity, from the printed table."""
    return {found[0]: [int(number.replace(",", "")) for number in found[1:]] for found in ROW.findall(output)}


@dataclass
class First:
    folder: Path
    result: subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> First:
    """Run a first reload with settings of a real tenant in the environment and in a `.env` file."""
    home = tmp_path_factory.mktemp("first")
    real = {"AAD_TENANT_ID": "real.example", "AAD_CONNECTION_NAME": "real", "AAD_GATEWAY_URL": "http://127.0.0.1:9"}
    (home / ".env").write_text("".join(f"{name}={value}\n" for name, value in real.items()))
    command = [*COMMAND, "--users", "200"]
    result = subprocess.run(
        command, cwd=home, env=clean_environment() | real, capture_output=True, text=True, timeout=240, check=False
    )
    return First(home / "demo", result)


def test_settings_of_a_real_tenant_do_not_reach_the_demo(first: First) -> None:
    assert first.result.returncode == 0, first.result.stdout + first.result.stderr
    assert set(shown(first.result.stdout)) == ON


@pytest.mark.slow
def test_a_first_reload_and_a_day_later(first: First, tmp_path: Path) -> None:
    folder = shutil.copytree(first.folder, tmp_path / "demo")
    again = run_demo(folder, "--again")

    assert first.result.returncode == again.returncode == 0, first.result.stderr + again.stderr
    before, after = shown(first.result.stdout), shown(again.stdout)
    assert set(before) == set(after) == ON
    assert all(rows == inserted > 0 for rows, inserted, _, _ in before.values())
    assert sum(inserted for _, inserted, _, _ in after.values()) > 0
    assert sum(updated for _, _, updated, _ in after.values()) > 0
    assert sum(deleted for _, _, _, deleted in after.values()) > 0
    for table, (rows, inserted, _, deleted) in after.items():
        # A load of a log does not read complete days again.
        assert table in LOGS or rows == before[table][0] + inserted - deleted
    assert "make dev DEMO=1" in first.result.stdout
    with duckdb.connect(str(folder / "entra.duckdb"), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM aad.users").fetchone() == (after["users"][0],)


@pytest.mark.slow
def test_every_documented_query_runs_on_the_demo(first: First, capsys: pytest.CaptureFixture[str]) -> None:
    off = {entity.table for entity in ENTITIES} - ON
    failed = []
    for name, (_, sql) in documented_queries().items():
        if not any(f"aad.{table}" in sql for table in off):
            code = main(["query", name, "--database", str(first.folder / "entra.duckdb"), "--format", "json"])
            failed += [name] if code else []
    assert failed == [], capsys.readouterr().err


@pytest.mark.slow
def test_again_after_a_failed_first_reload_repeats_the_first_day(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    failed = run_demo(folder, *SMALL, "--faults", "deny:1")
    again = run_demo(folder, "--again")

    assert failed.returncode == 1
    assert again.returncode == 0, again.stderr
    assert json.loads((folder / "state.json").read_text())["day"] == 0


def test_run_passes_the_settings_to_a_command(tmp_path: Path) -> None:
    result = run_demo(tmp_path / "demo", "--users", "60", "--run", "sh", "-c", "echo $AAD_GRAPH_BASE_URL; exit 3")

    assert result.returncode == 3
    assert re.search(r"https://localhost:\d+/v1\.0", result.stdout)


@pytest.mark.slow
def test_a_kept_tenant_is_reachable_with_the_printed_settings(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    command = [*COMMAND, "--folder", str(folder), *SMALL, "--keep"]
    with subprocess.Popen(command, env=clean_environment(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        settings = {}
        for line in process.stdout:
            if line.startswith("export "):
                name, _, value = line.removeprefix("export ").strip().partition("=")
                settings[name] = value.strip("'")
            if line.strip() == "dagster dev":
                break
        try:
            select = 'key:"aad/domains"'
            reload = [str(BIN / "dagster"), "asset", "materialize", "-m", "aad_assets.definitions", "--select", select]
            result = subprocess.run(
                reload, env={**clean_environment(), **settings}, cwd=tmp_path, capture_output=True, text=True, check=False
            )
            assert result.returncode == 0, result.stderr
            again = run_demo(folder, "--again")
            assert again.returncode == 0, again.stderr
            assert json.loads((folder / "state.json").read_text())["day"] == 1
            assert settings["AAD_GRAPH_BASE_URL"] in again.stdout, "the kept tenant is the one that is reloaded"
        finally:
            process.send_signal(signal.SIGINT)
        process.wait(20)


@pytest.mark.parametrize("words", [["--help"], ["demo", "--help"]])
def test_help_is_printed(words: list[str]) -> None:
    result = subprocess.run([str(BIN / "aad-assets"), *words], capture_output=True, text=True, check=False)

    assert result.returncode == 0
    assert "demo" in result.stdout
