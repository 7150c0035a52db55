"""Tests for columns and fields that stop being declared: a change of their value in the same load is not lost."""

from typing import Any

import pytest

from aad_assets.catalog.types import STRING, Json, List, Scalar, Struct, Type
from aad_assets.warehouse.database.target import Target
from aad_assets_tests.warehouse.support import Lab, counts, entity

COLUMNS: dict[str, Type] = {"id": STRING, "name": STRING}
CASES: list[tuple[Type, Any, Any]] = [
    (Scalar("Int32"), 1, 2),
    (STRING, "one", "two"),
    (Scalar("DateTimeOffset"), "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
    (List(STRING), ["a", "b"], ["a"]),
    (Struct((("size", Scalar("Int32")), ("label", STRING))), {"size": 1, "label": "x"}, {"size": 2, "label": "x"}),
    (Json(), {"a": [1]}, {"a": [2]}),
    (Scalar("Int32"), None, 2),
    (Scalar("Int32"), 1, None),
]


@pytest.mark.parametrize(("type_", "before", "after"), CASES)
@pytest.mark.parametrize("adds", [False, True], ids=["only lost", "lost and added"])
def test_a_change_of_a_column_that_stops_being_declared_is_a_version(
    lab: Lab, target: Target, type_: Type, before: Any, after: Any, adds: bool
) -> None:
    now = entity(COLUMNS | ({"more": STRING} if adds else {}))
    lab.publish(target, [{"id": "a", "value": before}, {"id": "b", "value": before}], entity(COLUMNS | {"value": type_}))
    load = lab.publish(target, [{"id": "a", "value": after}, {"id": "b", "value": before}], now, number=1)
    assert counts(load) == (0, 1, 0, 1)
    assert lab.table(target, now)["a"]["_extra"] == {"value": after}
    versions = "SELECT id, count(*) FROM {history}.things GROUP BY id ORDER BY id"
    assert lab.stored(target, versions) == [("a", 2), ("b", 1)]


def test_a_change_of_a_field_that_stops_being_declared_is_a_version(lab: Lab, target: Target) -> None:
    older = entity(COLUMNS | {"info": Struct((("label", STRING), ("size", Scalar("Int32"))))})
    now = entity(COLUMNS | {"info": Struct((("label", STRING),))})
    lab.publish(target, [{"id": key, "info": {"label": "x", "size": 1}} for key in "ab"], older)
    rows = [{"id": "a", "info": {"label": "x", "size": 2}}, {"id": "b", "info": {"label": "x", "size": 1}}]
    assert counts(lab.publish(target, rows, now, number=1)) == (0, 1, 0, 1)
