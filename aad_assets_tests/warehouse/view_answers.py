"""Queries a view over a few rows that are published as in a run. It contains no tests."""

from collections.abc import Mapping, Sequence
from typing import Any

from aad_assets.catalog import CATALOG
from aad_assets.catalog.views import VIEWS
from aad_assets.warehouse.publishing.views import ViewStatus, refresh_views
from aad_assets_tests.warehouse.support import TENANT, Lab, MemoryTarget, Row

Tables = Mapping[str, Sequence[Row]]

DAY = "2026-03-01T00:00:00Z"
DAY_SECONDS = 1772323200


def with_nothing(*columns: str) -> list[Row]:
    """Return a row with NULL in `columns`, one with empty lists, and one with a list that has only NULL in it."""
    values: dict[str, Any] = {"a-null": None, "an-empty-list": [], "a-null-in-a-list": [None]}
    return [{"id": name, **dict.fromkeys(columns, value)} for name, value in values.items()]


def answer(lab: Lab, name: str, columns: str, tables: Tables) -> list[tuple[Any, ...]]:
    """Return `columns` of the view `name` over `tables`. Tables that are not given are empty."""
    view = next(view for view in VIEWS if view.name == name)
    target = MemoryTarget(lab)
    for table in view.tables:
        lab.publish(target, tables.get(table, []), CATALOG[table])
    with lab.stage.cursor() as cursor:
        [outcome] = refresh_views(cursor, target, [view], run_id="run-0", tenant_id=TENANT)
    assert (outcome.status, outcome.reason) == (ViewStatus.REFRESHED, None)
    assert outcome.old == ()
    found = lab.stored(target, f"SELECT {columns} FROM {{schema}}.{name} ORDER BY ALL")
    assert outcome.rows == len(found)
    assert lab.stored(target, f"SELECT count(*) FROM {{schema}}.{name} WHERE _tenant_id = '{TENANT}'") == [(len(found),)]
    return found
