"""What to ask for when a list refuses the whole `$select`."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aad_assets.graph.reading.select import Selection, negotiate
from aad_assets_tests.fake_graph import run

PROPERTIES = tuple(f"p{number}" for number in range(70))


class Probe:
    """Answers like a list that refuses some properties, and more than `most` at once."""

    def __init__(self, offenders: frozenset[str] = frozenset(), most: int = 1_000) -> None:
        self.offenders, self.most = offenders, most
        self.asked: list[tuple[str, ...]] = []

    async def __call__(self, properties: tuple[str, ...]) -> bool:
        self.asked.append(properties)
        return len(properties) <= self.most and not self.offenders.intersection(properties)


@given(
    properties=st.lists(st.sampled_from(PROPERTIES), unique=True, max_size=70).map(tuple),
    offenders=st.frozensets(st.sampled_from(PROPERTIES), max_size=9),
    most=st.integers(1, 80),
)
def test_every_property_that_is_answered_is_asked_for_once_and_no_other(
    properties: tuple[str, ...], offenders: frozenset[str], most: int
) -> None:
    probe = Probe(offenders, most)
    selection = run(negotiate(probe, properties))
    assert selection.rejected == tuple(name for name in properties if name in offenders)
    assert [name for names in selection.passes for name in names] == [name for name in properties if name not in offenders]
    assert all(run(Probe(offenders, most)(names)) for names in selection.passes)


@pytest.mark.parametrize("offenders", [["p0"], ["p69"], ["p34", "p35"], ["p3", "p17", "p18", "p44", "p69"]])
def test_offenders_are_found_in_few_questions(offenders: list[str]) -> None:
    probe = Probe(frozenset(offenders))
    selection = run(negotiate(probe, PROPERTIES))
    assert selection.rejected == tuple(offenders)
    assert len(selection.passes) == 1
    assert len(probe.asked) <= 2 + 2 * len(offenders) * math.ceil(math.log2(len(PROPERTIES)))


def test_a_select_that_is_too_long_is_split_in_two_passes() -> None:
    selection = run(negotiate(Probe(most=40), PROPERTIES))
    assert selection == Selection((PROPERTIES[:35], PROPERTIES[35:]), ())


def test_two_properties_that_are_refused_only_together_come_in_two_passes() -> None:
    class Together(Probe):
        async def __call__(self, properties: tuple[str, ...]) -> bool:
            return not {"p1", "p2"} <= set(properties)

    selection = run(negotiate(Together(), PROPERTIES[:8]))
    assert selection.rejected == ()
    assert sorted(name for names in selection.passes for name in names) == sorted(PROPERTIES[:8])
    assert all(not {"p1", "p2"} <= set(names) for names in selection.passes)


def test_when_every_property_is_refused_the_id_alone_is_left() -> None:
    assert run(negotiate(Probe(frozenset(PROPERTIES)), PROPERTIES)) == Selection(((),), PROPERTIES)
