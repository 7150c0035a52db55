"""docs/architecture.md: the modules and functions that it names exist."""

import importlib
import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[1] / "docs" / "architecture.md"
PARTS = {path.stem for path in (PAGE.parents[1] / "aad_assets").iterdir()}


def names() -> list[str]:
    """Names in code font that start with a part of the package."""
    quoted = re.findall(r"`([A-Za-z_][\w.]*)`", PAGE.read_text("utf-8"))
    return sorted({name for name in quoted if name.partition(".")[0] in PARTS})


def resolve(name: str) -> object:
    """Return the module, class or function. Raises AttributeError or ImportError when there is none."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(["aad_assets", *parts[:length]]))
        except ModuleNotFoundError:
            continue
        for attribute in parts[length:]:
            found = getattr(found, attribute)
        return found
    raise ImportError(name)


@pytest.mark.parametrize("name", names())
def test_a_name_exists(name: str) -> None:
    assert resolve(name) is not None


def test_names_are_found() -> None:
    assert {"warehouse.publishing.gates", "graph.requests.client.GraphClient.get"} <= set(names())


def test_a_name_that_does_not_exist_is_noticed() -> None:
    with pytest.raises(AttributeError):
        resolve("warehouse.publishing.gates.nothing")


def test_twenty_questions_are_answered() -> None:
    table = PAGE.read_text("utf-8").partition("## Where to look")[2]
    answers = re.findall(r"^\| [^|]+\? \| .*`.+`.* \|$", table, re.MULTILINE)
    assert len(answers) >= 20
