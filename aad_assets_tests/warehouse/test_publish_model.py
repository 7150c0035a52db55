"""Any sequence of loads against a dict: what the table holds, what was counted, which rows were touched."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from aad_assets.catalog.types import Json, List, Scalar, Struct, Type
from aad_assets_tests.warehouse.support import STRING, Lab, MemoryTarget, Row, entity

COLUMNS: dict[str, Type] = {
    "id": STRING,
    "name": STRING,
    "count": Scalar("Int32"),
    "tags": List(STRING),
    "plans": List(Struct((("sku", STRING), ("off", List(Scalar("Int32")))))),
    "info": Struct((("label", STRING), ("sizes", List(Scalar("Int32"))))),
    "open": Json(),
}
THINGS = entity(COLUMNS)
OTHER_TABLE = entity({"id": STRING, "name": STRING}, table="others")
REFUSABLE = ("count", "plans", "open")

# Few values, so that rows often stay as they are, or differ by next to nothing.
numbers = st.none() | st.lists(st.sampled_from([None, 0, 1]), max_size=2)
names = st.sampled_from([None, "", "a", "A", "null"])
rows = st.fixed_dictionaries(
    {},
    optional={
        "name": names,
        "count": st.sampled_from([None, 0, 1]),
        "tags": st.none() | st.lists(names, max_size=3),
        "plans": st.none()
        | st.lists(st.none() | st.fixed_dictionaries({}, optional={"sku": names, "off": numbers}), max_size=2),
        "info": st.none() | st.fixed_dictionaries({}, optional={"label": names, "sizes": numbers}),
        "open": st.sampled_from([None, [], {}, [1, 2], [2, 1]]),
        "undeclared": st.sampled_from([0, 1]),
    },
)
tables = st.dictionaries(st.sampled_from("abcde"), rows, max_size=5)


@st.composite
def changed(draw: st.DrawFn, table: dict[str, Row]) -> dict[str, Row]:
    """Another read: some rows as they were with their collections in another order, some new, gone or changed."""
    same = {key: draw(reordered(row)) for key, row in table.items() if draw(st.integers(0, 3))}
    return draw(tables.map(lambda others: {key: row for key, row in others.items() if key not in same})) | same


@st.composite
def reordered(draw: st.DrawFn, value: Any) -> Any:
    if isinstance(value, dict):
        return {name: member if name == "open" else draw(reordered(member)) for name, member in value.items()}
    if isinstance(value, list):
        return [draw(reordered(item)) for item in draw(st.permutations(value))]
    return value


@st.composite
def sequences(draw: st.DrawFn) -> list[tuple[dict[str, Row], tuple[str, ...]]]:
    """Reads of one table, each with the properties that Graph refused."""
    reads = [draw(tables)]
    for _ in range(draw(st.integers(1, 4))):
        reads.append(draw(changed(reads[-1])))
    refusals = st.just(()) | st.lists(st.sampled_from(REFUSABLE), unique=True, max_size=2).map(tuple)
    return [(read, draw(refusals)) for read in reads]


def canonical(value: Any, type_: Type) -> Any:
    """What the value means: absent members are null, the order of a collection is nothing."""
    match type_:
        case Struct(fields) if value is not None:
            return {name: canonical(value.get(name), field) for name, field in fields}
        case List(item) if value is not None:
            return sorted((canonical(element, item) for element in value), key=json.dumps)
    return value


def canonical_row(key: str, row: Row) -> Row:
    extra = {name: value for name, value in row.items() if name not in COLUMNS} or None
    return {name: canonical((row | {"id": key}).get(name), type_) for name, type_ in COLUMNS.items()} | {"_extra": extra}


class Model:
    """The table as a dict, and what a load should count."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}

    def load(self, number: int, read: dict[str, Row], refused: tuple[str, ...]) -> tuple[int, int, int, int]:
        now: dict[str, Row] = {}
        for key, row in read.items():
            before = self.rows.get(key)
            values = canonical_row(key, {name: value for name, value in row.items() if name not in refused})
            kept = {name: before[name] if before else None for name in refused}
            now[key] = values | kept | {"_loaded_at": number}
            if before and before | {"_loaded_at": number} == now[key]:
                now[key] = before
        updated = sum(key in self.rows and now[key] is not self.rows[key] for key in now)
        inserted, deleted = len(now.keys() - self.rows), len(self.rows.keys() - now)
        self.rows = now
        return inserted, updated, deleted, len(now) - inserted - updated


@settings(max_examples=20, deadline=None)
@given(loads=sequences())
def test_every_sequence_of_loads_leaves_what_was_read_last(
    shared_lab: Lab, loads: list[tuple[dict[str, Row], tuple[str, ...]]]
) -> None:
    lab, target, model = shared_lab, MemoryTarget(shared_lab), Model()
    lab.publish(target, [{"id": key, "name": "theirs"} for key in "abcde"], THINGS)
    lab.stored(target, "UPDATE {schema}.things SET _tenant_id = 'another'")
    lab.publish(target, [{"id": key} for key in "abc"], OTHER_TABLE)
    theirs, others = lab.table(target, THINGS, "another"), lab.table(target, OTHER_TABLE)
    for number, (read, refused) in enumerate(loads, start=1):
        asked = [{name: value for name, value in row.items() if name not in refused} for row in read.values()]
        sent = [{"id": key} | row for key, row in zip(read, asked, strict=True)]
        load = lab.publish(target, sent, THINGS, number=number, refused=refused)
        assert (load.inserted, load.updated, load.deleted, load.unchanged) == model.load(number, read, refused)
        assert load.rows == len(read)
        stored = lab.table(target, THINGS)
        found = {key: canonical_stored(row) for key, row in stored.items()}
        assert found == model.rows
        assert lab.table(target, THINGS, "another") == theirs
        assert lab.table(target, OTHER_TABLE) == others


def canonical_stored(row: Row) -> Row:
    return {name: canonical(row[name], type_) for name, type_ in COLUMNS.items()} | {
        name: row[name] for name in ("_extra", "_loaded_at")
    }
