"""Any sequence of loads, compared with a model: table, history, every past moment, changes and counts."""

import json
import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.internal.conjecture import engine
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from aad_assets.catalog.types import Json, List, Scalar, Struct, Type
from aad_assets.errors import LoadBlocked, WarehouseError
from aad_assets.warehouse.database.sql import utc_datetime
from aad_assets.warehouse.forgetting.column import forget_column
from aad_assets.warehouse.forgetting.person import forget_person
from aad_assets.warehouse.publishing.gates import OPENABLE, Gates
from aad_assets.warehouse.publishing.options import Mode, Options
from aad_assets.warehouse.publishing.publish import publish
from aad_assets_tests.warehouse.history_model import Model, Shape, canonical
from aad_assets_tests.warehouse.support import FIRST_LOAD, STRING, Lab, MemoryTarget, Row, entity, new_load, refusals

KEYS = "abcde"
INT, LONG = Scalar("Int32"), Scalar("Int64")
LABEL, SIZE = ("label", STRING), ("size", INT)
SHAPES: dict[str, list[Type | None]] = {
    "count": [INT, LONG, STRING, None],
    "info": [Struct((LABEL,)), Struct((LABEL, SIZE)), Struct((SIZE,)), None],
    "plans": [List(Struct((LABEL,))), List(Struct((LABEL, SIZE)))],
}
texts = st.sampled_from(["", "a", "7"])
parents = st.sets(st.sampled_from(KEYS), min_size=1, max_size=3)
"""Refused parents. Each has the key of its only row."""
modes = st.sampled_from([Mode.COMPARE] * 4 + list(Mode))
shapes = st.fixed_dictionaries({name: st.sampled_from(types) for name, types in SHAPES.items()})


def shape_of(chosen: dict[str, Type | None]) -> Shape:
    fixed: Shape = {"id": STRING, "name": STRING, "tags": List(STRING), "open": Json(), "seen": STRING}
    return fixed | {name: type_ for name, type_ in chosen.items() if type_ is not None}


def values_of(type_: Type) -> st.SearchStrategy[Any]:
    """Return a strategy with few values, so that rows are often equal, or nearly equal."""
    match type_:
        case List(item):
            return st.none() | st.lists(st.none() | values_of(item), max_size=2)
        case Struct(fields):
            return st.none() | st.fixed_dictionaries({}, optional={name: values_of(field) for name, field in fields})
        case Json():
            return st.none() | st.lists(texts, max_size=2) | st.fixed_dictionaries({"deep": st.lists(texts, max_size=2)})
        case Scalar("Int32"):
            return st.sampled_from([None, 0, 7])
        case Scalar("Int64"):
            return st.sampled_from([None, 0, 7, 2**40])
        case _:
            return st.none() | texts


def rows_of(shape: Shape) -> st.SearchStrategy[Row]:
    return st.fixed_dictionaries({}, optional={name: values_of(type_) for name, type_ in shape.items() if name != "id"})


def shuffled(data: st.DataObject, value: Any) -> Any:
    if isinstance(value, list):
        return [shuffled(data, item) for item in data.draw(st.permutations(value))]
    if isinstance(value, dict):
        return {name: shuffled(data, member) for name, member in value.items()}
    return value


class Loads(RuleBasedStateMachine):
    """Loads of one table."""

    lab: Lab

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.target = MemoryTarget(self.lab)
        self.number = 0
        self.published = 0
        self.at = FIRST_LOAD
        self.moments: list[datetime] = []
        self.chosen: dict[str, Type | None] = {name: types[0] for name, types in SHAPES.items()}
        self.sent: dict[str, Row] = {}

    @initialize(data=st.data(), history=st.booleans())
    def first(self, data: st.DataObject, history: bool) -> None:
        self.load(data, Mode.COMPARE, self.chosen, (), history)

    @rule(data=st.data(), mode=modes)
    def reload(self, data: st.DataObject, mode: Mode) -> None:
        self.load(data, mode, self.chosen, (), True)

    @rule(data=st.data(), mode=modes, refused=parents, history=st.sampled_from([True, True, False]))
    def reload_while_parents_are_refused(self, data: st.DataObject, mode: Mode, refused: set[str], history: bool) -> None:
        before = {key: self._stored_as(key) for key in refused}
        kept = self.load(data, mode, self.chosen, (), history, refused)
        for key in kept:
            row, versions = self._stored_as(key)
            assert row == before[key][0]
            was_current = any(until is None for *_, until in before[key][1])
            assert versions == before[key][1] or not (was_current and history), (
                "they change only where history ends or begins"
            )

    @rule(data=st.data(), mode=modes)
    def reload_without_history(self, data: st.DataObject, mode: Mode) -> None:
        self.load(data, mode, self.chosen, (), False)

    @rule(
        data=st.data(),
        mode=modes,
        shape=shapes,
        rejected=st.sampled_from([(), (), ("tags",), ("tags", "name")]),
        refused=st.just(set[str]()) | parents,
    )
    def reload_in_another_shape(
        self, data: st.DataObject, mode: Mode, shape: dict[str, Type | None], rejected: tuple[str, ...], refused: set[str]
    ) -> None:
        self.load(data, mode, shape, rejected, True, refused)

    @precondition(lambda self: len(self.moments) > 0)
    @rule(name=st.sampled_from(sorted(shape_of({name: types[0] for name, types in SHAPES.items()}).keys() - {"id"})))
    def forget_a_column(self, name: str) -> None:
        with self.lab.stage.cursor() as cursor, self.target.transaction(cursor):
            forget_column(cursor, self.target, "things", name.upper())
        self.model.forget_column(name)
        for schema in ("aad", "aad_history"):
            columns = "SELECT column_name FROM duckdb_columns() WHERE schema_name = ? AND table_name = 'things'"
            for (column,) in self.query(columns, schema):
                if re.fullmatch(rf"(_was_)?{name}(_\d+)?", column):
                    assert self.query(f"SELECT count({column}) FROM {schema}.things") == [(0,)]

    @precondition(lambda self: len(self.moments) > 0)
    @rule(person=st.sampled_from(KEYS))
    def forget_a_person(self, person: str) -> None:
        """The key `a` is also a value of other columns, where it names the person."""
        with self.lab.stage.cursor() as cursor, self.target.transaction(cursor):
            forget_person(cursor, self.target, person.upper())
        self.model.forget_person(person)

    @precondition(lambda self: len(self.model.rows) > 0)
    @rule(mode=st.sampled_from([Mode.COMPARE, Mode.TRUNCATE]))
    def blocked_since_nothing_was_read(self, mode: Mode) -> None:
        of = entity(shape_of(self.chosen))
        staged = self.lab.land([], of)
        with self.lab.stage.cursor() as cursor, pytest.raises(LoadBlocked, match="gate empty"):
            publish(cursor, self.target, of, staged, new_load(self.number + 1, of), (), Options(mode))

    @rule()
    def blocked_since_a_later_read_is_published(self) -> None:
        of = entity(shape_of(self.chosen))
        staged = self.lab.land([{"id": "z"}], of)
        with self.lab.stage.cursor() as cursor, pytest.raises(LoadBlocked, match="gate later_read"):
            publish(cursor, self.target, of, staged, new_load(self.published - 1, of))

    def load(
        self,
        data: st.DataObject,
        mode: Mode,
        chosen: dict[str, Type | None],
        rejected: tuple[str, ...],
        history: bool,
        refused: Collection[str] = (),
    ) -> set[str]:
        """Load the table, and return the keys of the rows that were kept."""
        shape = shape_of(chosen)
        of = replace(entity(shape), parent="people", returned_parent_columns=("id",))
        rows = {key: row for key, row in self._rows(data, shape, rejected).items() if key not in refused}
        sent = [{"id": key} | {name: shuffled(data, value) for name, value in row.items()} for key, row in rows.items()]
        self.number += 1
        options = Options(mode, history, frozenset({"seen"}), Gates(open=frozenset(OPENABLE)))
        if mode is not Mode.RECREATE and not self.model.casts(shape):
            with pytest.raises(LoadBlocked, match="recreate"):
                self._publish(of, sent, options, rejected, refused)
            return set()
        if mode is Mode.RECREATE and self.model.rows and (set(rejected) & set(shape) or refused):
            with pytest.raises(WarehouseError, match="cannot be recreated"):
                self._publish(of, sent, options, rejected, refused)
            return set()
        kept = self.model.kept(refused, rows)
        at, counts = self._publish(of, sent, options, rejected, refused)
        read = {key: canonical({"id": key} | row) for key, row in rows.items()}
        if mode is Mode.RECREATE:
            self._forget_uncastable(shape)
        expected = self.model.load(
            at, mode.value, shape, read, rejected=rejected, volatile=("seen",), refused=refused, history=history
        )
        assert counts == expected
        self.chosen, self.sent = chosen, rows | {key: fitted(self.sent[key], shape) for key in kept if key in self.sent}
        self.moments.append(at)
        self.published = self.number
        return kept

    def _publish(
        self, of: Any, sent: list[Row], options: Options, rejected: tuple[str, ...], refused: Collection[str]
    ) -> Any:
        found = [refusals(of.table, *sorted(refused))] if refused else []
        load = self.lab.publish(self.target, sent, of, number=self.number, rejected=rejected, options=options, refusals=found)
        assert load.unchanged == load.rows - load.inserted - load.updated
        return load.published_at, (load.inserted, load.updated, load.deleted)

    def _rows(self, data: st.DataObject, shape: Shape, rejected: tuple[str, ...]) -> dict[str, Row]:
        """Draw the next read: some rows are unchanged, some changed in one column, some new, some deleted."""
        read: dict[str, Row] = {}
        for key in KEYS:
            before = self.sent.get(key)
            kind = data.draw(st.sampled_from(["same", "same", "column", "new", "none"]), label=key)
            if kind == "none" or (before is None and kind != "new"):
                continue
            row = data.draw(rows_of(shape)) if kind == "new" else fitted(before or {}, shape)
            if kind == "column":
                name = data.draw(st.sampled_from(sorted(shape.keys() - {"id"})))
                row = row | {name: data.draw(values_of(shape[name]))}
            read[key] = {name: value for name, value in row.items() if name not in rejected}
        return read

    def _forget_uncastable(self, shape: Shape) -> None:
        """Check that history renames a column if not all of its values can be cast, also one that the table has lost."""
        name = "count"
        if name not in shape:
            return
        alone = Model(versions=self.model.versions)
        if not alone.casts({name: shape[name]}):
            for version in self.model.versions:
                version.values.pop(name, None)

    def _stored_as(self, key: str) -> tuple[list[Any], list[Any]]:
        """Return the row and the versions of a key as they are stored."""
        if not self.moments:
            return [], []
        where = f"t WHERE id = '{key}'"
        rows = self.query(f"SELECT to_json(t)::VARCHAR, epoch_us(_loaded_at) FROM aad.things {where}")
        versions = []
        if self.model.has_history:
            times = "epoch_us(_valid_from), epoch_us(_valid_to)"
            versions = self.query(f"SELECT to_json(t)::VARCHAR, {times} FROM aad_history.things {where} ORDER BY ALL")
        shown_rows, shown_versions = (
            [(shown(json.loads(text)), *times) for text, *times in found] for found in (rows, versions)
        )
        return shown_rows, shown_versions

    def query(self, statement: str, *parameters: str) -> list[tuple[Any, ...]]:
        with self.lab.stage.cursor() as cursor:
            cursor.execute("USE target")
            return cursor.execute(statement, list(parameters)).fetchall()

    @invariant()
    def the_table_holds_the_model_s_rows(self) -> None:
        if not self.moments:
            return
        found = self.query("SELECT epoch_us(_loaded_at), to_json(t)::VARCHAR FROM aad.things t")
        rows = [(utc_datetime(loaded_at), json.loads(text)) for loaded_at, text in found]
        live = {row["id"]: (shown(row), at) for at, row in rows if not row.get("_deleted_at")}
        assert_same(live.items(), ((key, (row.values, row.loaded_at)) for key, row in self.model.rows.items()))
        gone = {row["id"]: (shown(row), row["_deleted_at"]) for _, row in rows if row.get("_deleted_at")}
        assert_same(gone.items(), ((key, (row.values, written(at))) for key, (row, at) in self.model.deleted.items()))

    @invariant()
    def history_holds_the_model_s_versions(self) -> None:
        if not self.model.has_history:
            return
        found = self.query(
            "SELECT epoch_us(_valid_from), epoch_us(_valid_to), _change, to_json(h)::VARCHAR FROM aad_history.things h"
        )
        versions = [
            (shown(json.loads(text)), utc_datetime(since), utc_datetime(until), change)
            for since, until, change, text in found
        ]
        assert_same(versions, [(v.values, v.since, v.until, v.change) for v in self.model.versions])

    def teardown(self) -> None:
        """Check that every past moment still shows the same rows, and that one without history raises an error."""
        for moment in [FIRST_LOAD - timedelta(days=1), *self.moments] if self.model.has_history else []:
            query = f"SELECT to_json(h)::VARCHAR FROM aad_history.things_at(TIMESTAMPTZ '{moment}') h"
            if not self.model.covers(moment):
                with pytest.raises(duckdb.InvalidInputException, match="things has history only from"):
                    self.query(query)
                continue
            found = self.query(query)
            assert_same((shown(json.loads(text)) for (text,) in found), self.model.as_of(moment).values())

    @invariant()
    def changes_are_the_model_s(self) -> None:
        if not self.moments:
            return
        found = self.query("SELECT key, change, column_name, old_value::VARCHAR, new_value::VARCHAR FROM aad_meta.changes")
        changes = [(key, change, name, decoded(old), decoded(new)) for key, change, name, old, new in found]
        assert_same(changes, self.model.changes)


def assert_same(found: Iterable[Any], expected: Iterable[Any]) -> None:
    """Check that both have the same items, equally often, in any order."""
    here, there = (
        Counter(json.dumps(thing, sort_keys=True, default=str) for thing in things) for things in (found, expected)
    )
    assert here == there, f"too many: {here - there}; missing: {there - here}"


def fitted(row: Row, shape: Shape) -> Row:
    """Return the row that Graph would send for the declaration `shape`."""
    return {name: fit(value, shape[name]) for name, value in row.items() if name in shape}


def fit(value: Any, type_: Type) -> Any:
    if isinstance(type_, List) and isinstance(value, list):
        return [fit(item, type_.item) for item in value]
    if isinstance(type_, Struct) and isinstance(value, dict):
        return {name: fit(value[name], field) for name, field in type_.fields if name in value}
    if isinstance(type_, Scalar) and value is not None:
        if type_ == STRING:
            return str(value)
        number = int(value) if str(value).isdecimal() else None
        return number if number is not None and (type_ == LONG or number < 2**31) else None
    return value


def shown(row: Row) -> Row:
    values: Row = canonical({name: value for name, value in row.items() if not name.startswith("_")})
    return values


def decoded(text: str | None) -> Any:
    return text and canonical(json.loads(text))


def written(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f").rstrip("0").rstrip(".") + "+00"


_SHRINKING_SECONDS = 60


@pytest.mark.parametrize("examples", [12, pytest.param(400, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])])
def test_every_sequence_of_loads_leaves_what_the_model_says(
    shared_lab: Lab, monkeypatch: pytest.MonkeyPatch, examples: int
) -> None:
    """A failure is reported within a minute or two, as the shortest sequence found by then.

    Shrinking a failure runs hundreds of examples of up to a second. Hypothesis allows 5 minutes for that, which no setting
    changes, and the test's own timeout would end it before anything is reported. Explaining a failure and shrinking a second
    one take more time yet, and are turned off.
    """
    monkeypatch.setattr(engine, "MAX_SHRINKING_SECONDS", _SHRINKING_SECONDS)
    Loads.lab = shared_lab
    run_state_machine_as_test(
        Loads,
        settings=settings(
            max_examples=examples,
            stateful_step_count=8,
            phases=set(Phase) - {Phase.explain},
            report_multiple_bugs=False,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
