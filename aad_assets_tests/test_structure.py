"""The layers: imports run downwards and never in a circle, and a layer knows only the libraries that it is for."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "aad_assets"

# Each part may import those after the colon, and itself.
ALLOWED = {
    "masking": set[str](),
    "untrusted": set[str](),
    "errors": {"masking", "untrusted"},
    "wording": set[str](),
    "settings": {"errors", "masking"},
    "catalog": {"errors", "settings", "wording"},
    "metadata": {"catalog", "errors", "wording"},
    "concurrency": set[str](),
    "transport": {"settings", "errors", "masking"},
    "alerts": {"transport", "settings", "errors", "wording"},
    "identity": {"transport", "settings", "errors", "masking"},
    "graph": {"identity", "transport", "concurrency", "catalog", "settings", "errors", "masking", "wording"},
    "warehouse": {"concurrency", "catalog", "settings", "errors", "wording"},
    "reload": {
        "graph",
        "identity",
        "warehouse",
        "transport",
        "concurrency",
        "catalog",
        "settings",
        "errors",
        "masking",
        "wording",
    },
    "orchestration": {
        "alerts",
        "reload",
        "warehouse",
        "metadata",
        "catalog",
        "settings",
        "errors",
        "masking",
        "untrusted",
        "wording",
    },
    "component": {"orchestration", "settings", "errors"},
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
        "untrusted",
        "wording",
    },
    "cli": {"commands", "demo", "errors", "masking"},
}
FOREIGN = {
    "settings": {"dagster", "httpx", "msal", "duckdb", "msgspec"},
    "catalog": {"dagster", "httpx", "msal", "duckdb", "msgspec"},
    "metadata": {"dagster", "httpx", "msal", "duckdb", "msgspec"},
    "alerts": {"dagster", "duckdb", "msal"},
    "identity": {"dagster", "duckdb"},
    "graph": {"dagster", "duckdb", "msal"},
    "warehouse": {"dagster", "httpx", "msal"},
    "reload": {"dagster", "httpx", "msal"},
    "demo": {"dagster", "duckdb", "msal"},
}


# Subpackages from the top down: each may import only those after it.
SUBPACKAGES = {
    "graph": ("probing", "reading", "requests"),
    "warehouse": ("forgetting", "reading", "publishing", "derived", "staging", "database"),
}


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(TREES[path]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module


def imported_when_loaded(path: Path) -> Iterator[str]:
    """Yield the modules of this project that the module at `path` imports while it is being imported itself."""
    package = module_name(path if path.name == "__init__.py" else path.parent / "__init__.py").split(".")
    pending = list[ast.AST](TREES[path].body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in MODULES)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else []
            source = ".".join([*above, *([node.module] if node.module else [])])
            submodules = {f"{source}.{alias.name}" for alias in node.names} & MODULES.keys()
            yield from submodules or ({source} & MODULES.keys())
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            pending += ast.iter_child_nodes(node)


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_name(path): path for path in PACKAGE.rglob("*.py")}

# Parsed while tests are collected: Python 3.11 can fail to parse ("AST constructor recursion depth mismatch") in a process
# whose recursion limit other tests have changed.
TREES = {path: ast.parse(path.read_text("utf-8")) for path in MODULES.values()}


def files(part: str) -> list[Path]:
    single = PACKAGE / f"{part}.py"
    return [single] if single.exists() else sorted((PACKAGE / part).rglob("*.py"))


def test_every_part_is_listed() -> None:
    parts = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}

    assert parts - {"__init__", "__pycache__"} == set(ALLOWED)


@pytest.mark.parametrize("part", ALLOWED)
def test_imports_run_downwards(part: str) -> None:
    for path in files(part):
        ours = {name.split(".")[1] for name in imported(path) if name.startswith("aad_assets.")}
        assert ours <= ALLOWED[part] | {part}, path
        assert not {name.split(".")[0] for name in imported(path)} & FOREIGN.get(part, set()), path


@pytest.mark.parametrize("part", SUBPACKAGES)
def test_subpackages_import_only_those_below_them(part: str) -> None:
    order = SUBPACKAGES[part]
    assert set(order) == {path.parent.name for path in (PACKAGE / part).glob("*/__init__.py")}
    for place, subpackage in enumerate(order):
        for path in (PACKAGE / part / subpackage).rglob("*.py"):
            names = [name.split(".") for name in imported(path) if name.startswith(f"aad_assets.{part}.")]
            assert {name[2] for name in names} <= set(order[place:]), path


def test_the_graph_package_asks_identity_only_for_tokens_and_their_claims() -> None:
    names = {name for path in files("graph") for name in imported(path) if name.startswith("aad_assets.identity")}
    assert names == {"aad_assets.identity.token_source", "aad_assets.identity.claims"}


def test_there_are_no_import_cycles() -> None:
    imports = {name: set(imported_when_loaded(path)) - {name} for name, path in MODULES.items()}
    # Modules that import nothing that is left are not part of a cycle; whatever remains in the end is, or imports one.
    while free := [name for name, others in imports.items() if not others]:
        for name in free:
            del imports[name]
        for others in imports.values():
            others.difference_update(free)
    assert imports == {}


def test_every_module_has_a_docstring_and_at_most_400_lines() -> None:
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text("utf-8")
        assert len(text.splitlines()) <= 400, path
        if text.strip():
            assert ast.get_docstring(TREES[path]), path
