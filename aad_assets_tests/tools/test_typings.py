"""Microsoft's descriptions, read from typings and shortened to what a property means."""

from pathlib import Path

import pytest

from tools.catalog_data.typings import Descriptions, find_meaning, read_typings, shorten

TYPINGS = """
// A comment on nothing.
export type Colour = "red" | "green";
export interface OAuth2Thing extends Entity {
    // One line.
    short?: NullableOption<string>;
    /**
     * Two lines, with a link to https://example.com/a and a list:
     * one, two.
     */
    long?: string[];
    undocumented?: string;
    // After one without.
    "odd.name"?: number;
}
export namespace IdentityGovernanceNamespace {
    interface Workflow extends WorkflowBase {
        // In a namespace.
        version?: NullableOption<number>;
    }
}
"""


@pytest.fixture
def described(tmp_path: Path) -> Descriptions:
    path = tmp_path / "graph.d.ts"
    path.write_text(TYPINGS, encoding="utf-8")
    return read_typings(path)


def test_comments_belong_to_the_member_below_them(described: Descriptions) -> None:
    assert described == {
        "oauth2thing": {
            "short": "One line.",
            "long": "Two lines, with a link to https://example.com/a and a list: one, two.",
            "odd.name": "After one without.",
        },
        "identitygovernance.workflow": {"version": "In a namespace."},
    }


@pytest.mark.parametrize(
    ("description", "meaning"),
    [
        ("The city. Maximum length is 128 characters. Returned only on $select. Supports $filter (eq, ne).", "The city."),
        ("The name.Returned by default.", "The name."),
        ("Read-only. When it was made. Read-only. Nullable.", "When it was made."),
        ("When it ran.Supports $filter(lt, le, gt) and $orderby.", "When it ran."),
        ("The Timestamp type represents date and time information using ISO 8601 format. Read-only.", ""),
        ("True if on; otherwise, false. Required when it is created.", "True if on; otherwise, false."),
        ("The values are: a, b, unknownFutureValue. Use the Prefer header to get more.", "The values are: a, b."),
        ("A prefix, e.g. Contoso. The rest.", "A prefix, e.g. Contoso. The rest."),
        ("no full stop", "no full stop."),
        ("", ""),
    ],
)
def test_sentences_about_requests_are_left_out(description: str, meaning: str) -> None:
    assert shorten(description) == meaning


def test_a_long_description_keeps_its_first_sentences() -> None:
    sentence = f"It is {'very ' * 20}long."
    assert shorten(" ".join([sentence] * 9)) == " ".join([sentence] * 2)
    assert shorten(f"{'a' * 500}. Rest.") == f"{'a' * 500}."


def test_a_type_that_says_nothing_leaves_the_word_to_the_one_that_it_derives_from() -> None:
    described = {"child": {"id": "Read-only."}, "parent": {"id": "The identifier."}}
    assert find_meaning(described, ["Child", "Parent"], "id") == "The identifier."
    assert find_meaning(described, ["child"], "id") == ""
    assert find_meaning(described, ["child"], "other") == ""
