"""The thresholds of gates that the connection metadata sets."""

from textwrap import dedent

import pytest

from aad_assets.errors import ConfigurationError
from aad_assets.metadata import apply, export, parse
from aad_assets.warehouse.publishing.gates import Gates
from aad_assets.warehouse.publishing.options import Options


def test_thresholds_of_gates_can_be_chosen_and_exported() -> None:
    text = """
        entities:
          users: {gates: {shrink: 0.5, count: 0}}
          group_members: {gates: {refused: 0.25, null_column: 1, rejects: 0.02}}
          groups: {gates: {}}
        """
    entities = {entity.table: entity for entity in apply(parse(dedent(text)))}
    found = {table: Options.of(entities[table]).gates for table in ("users", "group_members", "groups", "devices")}
    assert found == {
        "users": Gates(shrink_share=0.5, shrink_rows=0, count_share=0.0, count_rows=0),
        "group_members": Gates(refused_share=0.25, filled_share=1.0, rejects_share=0.02),
        "groups": Gates(),
        "devices": Gates(),
    }
    exported = export(entities.values())
    assert "    gates: {refused: 0.25, null_column: 1.0, rejects: 0.02}\n" in exported
    assert parse(exported)["users"].gates == (("shrink", 0.5), ("count", 0.0))


@pytest.mark.parametrize("value", ["25", "-0.1", ".nan", ".inf", "half", "'0.5'", "[0.5]", "on", "", "0x1", "1_0"])
def test_a_threshold_is_a_share(value: str) -> None:
    text = f"entities:\n  group_members:\n    gates:\n      refused: {value}"
    with pytest.raises(ConfigurationError) as caught:
        parse(text)
    assert str(caught.value).splitlines()[1:] == [
        "  line 4: `group_members.gates.refused` must be a share from 0 to 1, such as 0.25."
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "entities:\n  users:\n    gates: {shrnk: 0.5}",
            (
                "line 3: users has no gate 'shrnk' with a threshold. "
                "The gates are count, shrink, null_column, rejects, refused. Did you mean shrink? Correct or remove the line."
            ),
        ),
        (
            "entities:\n  users:\n    gates: {refused: 0.5}",
            "line 3: users is not read for each row of a parent, so none is refused. Remove the line.",
        ),
        (
            "entities:\n  group_members:\n    gates: refused",
            "line 3: group_members.gates must consist of lines `name: value` with the same indentation.",
        ),
    ],
)
def test_other_mistakes_in_gates_are_reported_with_line_and_fix(text: str, problem: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse(text)
    assert str(caught.value).splitlines()[1:] == [f"  {problem}"]
