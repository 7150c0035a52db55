"""The type that a path leads to."""

from pathlib import Path

import pytest

from aad_assets.catalog.conform.csdl import Csdl
from aad_assets.catalog.conform.paths import Target, UnknownPath, resolve_path
from aad_assets_tests.catalog.conform_files import write_files


@pytest.fixture
def metadata(tmp_path: Path) -> Csdl:
    v1, _, _ = write_files(tmp_path)
    return Csdl(Path(v1))


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/people", Target("person", True)),
        ("/people/{id}", Target("person", False)),
        ("/people/graph.employee", Target("employee", True)),
        ("/people/microsoft.graph.employee", Target("employee", True)),
        ("/people/{id}/graph.employee/manager", Target("person", False, "employee")),
        ("/people/{id}/manager/badges/{id}", Target("badge", False, "person")),
        ("/people/{id}/home", Target("address", False, "person")),
        ("/people/{id}/settings/purpose", Target("String", False, "settings")),
        ("/people/kinds", Target("String", True, "person")),
        ("/badges/find", Target("badge", True, "badge")),
        ("/office/doors", Target("door", True, "office")),
    ],
)
def test_a_path_leads_to_a_type(metadata: Csdl, path: str, target: Target) -> None:
    assert resolve_path(metadata, path) == target


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/{id}", "there is no entity set or singleton `{id}`"),
        ("/people/manager", "a collection of person has no `manager`"),
        ("/people/{id}/kinds", "person has no `kinds`"),
        ("/people/{id}/find", "person has no `find`"),
        ("/people/{id}/name/length", "String has no `length`"),
        ("/people/graph.door", "`graph.door` is not derived from person"),
        ("/people/graph.nobody", "`graph.nobody` is not derived from person"),
        ("/office/{id}", "`{id}` follows a single object"),
    ],
)
def test_a_path_that_does_not_exist_says_where_it_ends(metadata: Csdl, path: str, reason: str) -> None:
    with pytest.raises(UnknownPath) as caught:
        resolve_path(metadata, path)
    assert str(caught.value) == reason
