"""Names of directory extension properties that cannot be columns: left out and reported, without any other cost."""

import pytest

from aad_assets.catalog import CATALOG, Entity
from aad_assets.graph.requests.client import GraphClient
from aad_assets.reload.read import Reader
from aad_assets_tests.fake_graph import BASE, FakeGraph, page, run

APP = "0123456789abcdef0123456789abcdef"


def with_listed(names: list[object], table: str) -> tuple[Entity, str | None, bool]:
    """Return the entity with the properties that Graph lists for users, the reason, and whether the list is complete."""
    graph = FakeGraph()
    rows = [{"id": str(number), "name": name, "targetObjects": ["User"]} for number, name in enumerate(names)]
    graph.handler = lambda _: page(rows)

    async def read() -> tuple[Entity, str | None, bool]:
        async with GraphClient(BASE, graph.tokens, graph.transport, graph.rate_limits, graph.retry) as client:
            reader = Reader(client, [CATALOG[table]])
            entity, reason = await reader.with_extension_properties(CATALOG[table])
            return entity, reason, await reader.knows_extensions(entity)

    return run(read())


@pytest.mark.parametrize(
    "name",
    [
        "extension_1_x",
        f"extension_{APP}_a b",
        "userPrincipalName",
        "a,b",
        '"); DROP',
        "x\n\x1b[2J",
        7,
        f"extension_{APP}_{'n' * 5_000}",
    ],
)
def test_a_name_in_another_form_is_left_out(name: object) -> None:
    entity, reason, complete = with_listed([f"extension_{APP}_level", name], "users")
    assert [column.name for column in entity.columns if column.name.startswith("extension")] == [f"extension_{APP}_level"]
    assert reason is not None
    assert "1 directory extension property was left out because its name is not of the form" in reason
    assert reason.isprintable()
    assert complete, "columns of properties that are gone are still dropped"


def test_of_names_that_differ_only_in_case_one_is_a_column() -> None:
    names: list[object] = [f"extension_{APP}_{name}" for name in ("level", "Level", "LEVEL", "grade")]
    entity, reason, complete = with_listed(names, "users")
    columns = [column.name for column in entity.columns if column.name.startswith("extension")]
    assert columns == [f"extension_{APP}_LEVEL", f"extension_{APP}_grade"]
    assert reason == (
        f"extension_{APP}_Level and extension_{APP}_level have no column because another property has the same name in "
        "another case."
    )
    assert complete
    assert with_listed(names, "groups")[1] is None, "they are not properties of groups"


def test_usual_names_need_no_reason() -> None:
    assert with_listed([f"extension_{APP}_level", f"extension_{APP.upper()}_Grade_2"], "users")[1:] == (None, True)
