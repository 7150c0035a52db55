"""Numbers with their nouns, and names in a row."""

import pytest

from aad_assets.wording import counted, listed


@pytest.mark.parametrize(
    ("number", "noun", "text"),
    [
        (0, "row", "0 rows"),
        (1, "row", "1 row"),
        (2_000, "row", "2,000 rows"),
        (1, "retry", "1 retry"),
        (3, "retry", "3 retries"),
    ],
)
def test_one_is_singular_and_everything_else_plural(number: int, noun: str, text: str) -> None:
    assert counted(number, noun) == text


@pytest.mark.parametrize(("names", "text"), [(["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")])
def test_only_the_last_two_names_have_an_and_between_them(names: list[str], text: str) -> None:
    assert listed(names) == text
