"""The selection found when a collection rejects the full `$select`."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aad_assets.graph.reading.select import Selection, find_selection
from aad_assets_tests.fake_graph import run

PROPERTIES = tuple(f"p{number}" for number in range(70))


class FakeCollection:
    """A collection that rejects some properties, and more than `most` at once."""

    def __init__(self, rejected: frozenset[str] = frozenset(), most: int = 1_000) -> None:
        self.rejected, self.most = rejected, most
        self.asked: list[tuple[str, ...]] = []

    async def __call__(self, properties: tuple[str, ...]) -> bool:
        self.asked.append(properties)
        return len(properties) <= self.most and not self.rejected.intersection(properties)


@given(
    properties=st.lists(st.sampled_from(PROPERTIES), unique=True, max_size=70).map(tuple),
    rejected=st.frozensets(st.sampled_from(PROPERTIES), max_size=9),
    most=st.integers(1, 80),
)
def test_every_accepted_property_is_selected_once_and_no_other(
    properties: tuple[str, ...], rejected: frozenset[str], most: int
) -> None:
    collection = FakeCollection(rejected, most)
    selection = run(find_selection(collection, properties))
    assert selection.rejected == tuple(name for name in properties if name in rejected)
    assert [name for names in selection.passes for name in names] == [name for name in properties if name not in rejected]
    assert all(run(FakeCollection(rejected, most)(names)) for names in selection.passes)


@pytest.mark.parametrize("rejected", [["p0"], ["p69"], ["p34", "p35"], ["p3", "p17", "p18", "p44", "p69"]])
def test_rejected_properties_are_found_with_few_requests(rejected: list[str]) -> None:
    collection = FakeCollection(frozenset(rejected))
    selection = run(find_selection(collection, PROPERTIES))
    assert selection.rejected == tuple(rejected)
    assert len(selection.passes) == 1
    assert len(collection.asked) <= 2 + 2 * len(rejected) * math.ceil(math.log2(len(PROPERTIES)))


def test_a_select_that_is_too_long_is_split_into_two_passes() -> None:
    selection = run(find_selection(FakeCollection(most=40), PROPERTIES))
    assert selection == Selection((PROPERTIES[:35], PROPERTIES[35:]), ())


def test_two_properties_that_are_rejected_only_together_get_two_passes() -> None:
    class RejectsBoth(FakeCollection):
        async def __call__(self, properties: tuple[str, ...]) -> bool:
            return not {"p1", "p2"} <= set(properties)

    selection = run(find_selection(RejectsBoth(), PROPERTIES[:8]))
    assert selection.rejected == ()
    assert sorted(name for names in selection.passes for name in names) == sorted(PROPERTIES[:8])
    assert all(not {"p1", "p2"} <= set(names) for names in selection.passes)


def test_if_every_property_is_rejected_only_the_id_is_left() -> None:
    assert run(find_selection(FakeCollection(frozenset(PROPERTIES)), PROPERTIES)) == Selection(((),), PROPERTIES)
