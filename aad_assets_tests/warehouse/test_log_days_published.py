"""Days of a log in the warehouse: which reads supersede each other, and events at the boundary of two days."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from aad_assets.catalog import Shape
from aad_assets.catalog.types import Scalar
from aad_assets.errors import LoadBlocked
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.publishing.gates import Gate
from aad_assets.warehouse.publishing.loads import Load, LogDay
from aad_assets.warehouse.publishing.publish import publish
from aad_assets_tests.warehouse.support import STRING, Lab, Row, entity, new_load

EVENTS = replace(
    entity({"id": STRING, "state": STRING, "at": Scalar("DateTimeOffset")}, table="events"),
    shape=Shape.LOG,
    time_property="at",
)
FIRST = date(2026, 1, 1)


def event(key: str, day: date, state: str = "", time: str = "10:00:00Z") -> Row:
    return {"id": key, "state": state, "at": f"{day}T{time}"}


def publish_day(lab: Lab, target: Target, day: date, rows: list[Row], number: int, name: str = "") -> Load:
    """Publish a day of the log. `number` is the order in which reads started, `name` the load's id."""
    load = new_load(number, EVENTS)
    load.load_id, load.published_at = name or f"load-{number}", None
    staged = lab.land(rows, EVENTS)
    with lab.stage.cursor() as cursor:
        publish(cursor, target, EVENTS, staged, load, day=LogDay(day, True))
    return load


def stored(lab: Lab, target: Target) -> dict[str, str]:
    return dict(lab.stored(target, "SELECT id, state FROM {schema}.events"))


def test_a_read_of_a_day_is_superseded_by_a_later_read_of_that_day_alone(lab: Lab, target: Target) -> None:
    """Two runs overlap: the first catches up on old days while the second reads today."""
    days = [FIRST + timedelta(days=number) for number in range(3)]
    publish_day(lab, target, days[0], [event("a", days[0])], 1)
    publish_day(lab, target, days[2], [event("c", days[2], "new")], 5)

    publish_day(lab, target, days[1], [event("b", days[1])], 2)
    publish_day(lab, target, days[0], [event("a", days[0], "newer")], 3, "again")
    with pytest.raises(LoadBlocked, match="a read that started later, at 2026-01-06") as caught:
        publish_day(lab, target, days[2], [event("c", days[2], "old")], 4)

    assert caught.value.gate == Gate.LATER_READ
    assert stored(lab, target) == {"a": "newer", "b": "", "c": "new"}
    recorded = lab.stored(target, "SELECT day, load_id FROM {meta}.log_days ORDER BY day")
    assert recorded == [(days[0], "again"), (days[1], "load-2"), (days[2], "load-5")]
    moments = [at for (at,) in lab.stored(target, "SELECT epoch_us(published_at) FROM {meta}.loads")]
    assert sorted(set(moments)) == moments, "each load has an instant of its own, in the order of publishing"


@pytest.mark.parametrize("time", ["00:00:00Z", "23:59:59.9999999Z"])
def test_an_event_that_comes_with_two_days_is_one_row_with_its_latest_state(lab: Lab, target: Target, time: str) -> None:
    """A filter that Graph takes less exactly than it is meant brings an event with the day beside its own."""
    own = FIRST + timedelta(days=1)
    beside = own + timedelta(days=1 if time.startswith("23") else -1)
    publish_day(lab, target, min(own, beside), [event("a", own, "first", time), event("b", own, "b")], 1)
    load = publish_day(lab, target, max(own, beside), [event("a", own, "second", time)], 2)
    assert (load.inserted, load.updated) == (0, 1)
    again = publish_day(lab, target, min(own, beside), [event("a", own, "third", time)], 3)
    assert (again.inserted, again.updated) == (0, 1)
    assert lab.stored(target, "SELECT id, state FROM {schema}.events ORDER BY id") == [("a", "third"), ("b", "b")]
