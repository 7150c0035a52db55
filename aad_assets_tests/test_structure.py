"""The layers: imports run downwards, and a layer knows only the libraries of its trade."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "aad_assets"

# Each part may import those after the colon, and itself.
ALLOWED = {
    "errors": set[str](),
    "settings": {"errors"},
    "catalog": {"errors", "settings"},
    "metadata": {"catalog", "errors"},
    "concurrency": set[str](),
    "transport": {"settings", "errors"},
    "identity": {"transport", "settings", "errors"},
    "graph": {"identity", "transport", "concurrency", "catalog", "settings", "errors"},
    "warehouse": {"concurrency", "catalog", "settings", "errors"},
    "reload": {"graph", "identity", "warehouse", "transport", "concurrency", "catalog", "settings", "errors"},
    "orchestration": {"reload", "warehouse", "metadata", "catalog", "settings", "errors"},
    "definitions": {"orchestration"},
    "demo": set[str](),
    "commands": {
        "demo",
        "reload",
        "graph",
        "identity",
        "transport",
        "warehouse",
        "metadata",
        "catalog",
        "settings",
        "errors",
    },
    "frames": {"warehouse", "catalog", "settings", "errors"},
    "cli": {"commands", "demo", "errors"},
}
FOREIGN = {
    "catalog": {"dagster", "httpx", "msal", "duckdb", "msgspec"},
    "metadata": {"dagster", "httpx", "msal", "duckdb", "msgspec"},
    "identity": {"dagster", "duckdb"},
    "graph": {"dagster", "duckdb", "msal"},
    "warehouse": {"dagster", "httpx", "msal"},
    "reload": {"dagster", "httpx", "msal"},
    "demo": {"dagster", "duckdb", "msal"},
}


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module


def files(part: str) -> list[Path]:
    single = PACKAGE / f"{part}.py"
    return [single] if single.exists() else sorted((PACKAGE / part).rglob("*.py"))


def test_every_part_has_its_place() -> None:
    parts = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}

    assert parts - {"__init__", "__pycache__"} == set(ALLOWED)


@pytest.mark.parametrize("part", ALLOWED)
def test_imports_run_downwards(part: str) -> None:
    for path in files(part):
        ours = {name.split(".")[1] for name in imported(path) if name.startswith("aad_assets.")}
        assert ours <= ALLOWED[part] | {part}, path
        assert not {name.split(".")[0] for name in imported(path)} & FOREIGN.get(part, set()), path


def test_every_module_says_what_belongs_there_and_none_is_too_long() -> None:
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text("utf-8")
        assert len(text.splitlines()) <= 400, path
        if text.strip():
            assert ast.get_docstring(ast.parse(text)), path
