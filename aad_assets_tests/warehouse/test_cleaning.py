"""Tests of what rows lose before they are stored: columns that are off, dates that mean no value, secrets."""

import json
from dataclasses import replace

import pytest

from aad_assets.catalog import CATALOG
from aad_assets.warehouse.staging.stage_part import StagePart
from aad_assets.warehouse.staging.validation import RowValidator
from aad_assets_tests.warehouse.support import STRING, THINGS, Lab, Row, encoded, entity, landed


@pytest.mark.parametrize(
    "member",
    [
        b'"name": "off"',
        b'"NAME": "other case"',
        b'"name": "once", "name": "twice", "large": "x"',
        b'"name@odata.type": "#String", "name@odata.mediaEtag": "W/1"',
        b'"name": "\\ud800"',
        b'"name": {"deep": [1]}',
        b'"info": {"label": "l", "undeclared": 1}',
        b'"plans": [{"sku": 5, "undeclared": [1]}]',
        b'"extension_1_badge": "B-17"',
        b'"Extension_1_Badge": "B-17"',
    ],
)
def test_what_was_turned_off_is_not_kept_anywhere(shared_lab: Lab, member: bytes) -> None:
    some = replace(THINGS, disabled_columns=frozenset({"name", "info", "plans", "extension_1_badge"}))
    staged = shared_lab.land([b'{"id": "1", "guid": "stays", "other": 1, ' + member + b"}"], some)
    row = {name: value for name, value in shared_lab.rows(staged, some)["1"].items() if value is not None}

    assert row == {"id": "1", "guid": "stays", "_extra": {"other": 1}}
    assert staged.undeclared == ("other",)
    assert all("name" not in reject.column for reject in shared_lab.rejects(staged))


def test_a_row_with_a_property_that_was_turned_off_needs_no_coercion() -> None:
    validator = RowValidator(replace(THINGS, disabled_columns=frozenset({"name", "extension_1_badge"})))
    assert validator.is_valid(b'{"id": "1", "name": {"deep": [1]}, "extension_1_badge": 5}')
    assert not validator.is_valid(b'{"id": "1", "extension_1_other": 5}')


def test_the_type_of_rows_of_several_types_can_be_turned_off() -> None:
    named = CATALOG["named_locations"]
    row = b'{"id": "1", "@odata.type": "#microsoft.graph.ipNamedLocation"}'

    assert json.loads(RowValidator(named).coerce(row).row) == {"id": "1", "@odata.type": "#microsoft.graph.ipNamedLocation"}
    coerced = RowValidator(replace(named, disabled_columns=frozenset({"odataType"}))).coerce(row)
    assert json.loads(coerced.row) == {"id": "1"}
    assert coerced.undeclared == []


@pytest.mark.parametrize(
    "spelling",
    [
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00.0000000Z",
        "0001-01-01T00:00:00",
        "0001-01-01t00:00:00z",
        "0001-01-01T00:00:00+00:00",
        "0001-01-01T00:00:00-08:00",
        "0001-01-01T00:00:00+05:30",
        "0001-01-01T05:30:00+05:30",
        "0001-01-01T08:00:00Z",
        "0001-01-01",
    ],
)
def test_a_date_that_means_no_value_is_null_wherever_it_stands(shared_lab: Lab, spelling: str) -> None:
    rows: list[Row] = [
        {"id": "1", "moment": spelling},
        {"id": "2", "day": "0001-01-01"},
        {"id": "3", "plans": [{"sku": spelling, "since": spelling}]},
        {"id": "4", "open": {"lastSeenDateTime": spelling, "birthday": spelling, "name": spelling}},
        {"id": "5", "opens": [{"a": [{"endDate": [spelling], "b": 1}]}]},
        {"id": "6", "new": {"someDateTime": spelling}, "otherDateTime": spelling, "label": spelling},
    ]
    staged = shared_lab.land(rows)

    found = [{n: v for n, v in row.items() if v is not None and n != "id"} for row in shared_lab.rows(staged).values()]
    assert found == [
        {},
        {},
        {"plans": [{"sku": spelling, "off": None, "since": None}]},
        {"open": {"lastSeenDateTime": None, "birthday": None, "name": spelling}},
        {"opens": [{"a": [{"endDate": [None], "b": 1}]}]},
        {"_extra": {"new": {"someDateTime": None}, "otherDateTime": None, "label": spelling}},
    ]
    assert shared_lab.rejects(staged) == []


def test_annotations_inside_json_values_are_dropped_and_types_stay(shared_lab: Lab) -> None:
    strength = {"@odata.type": "#microsoft.graph.strength", "id": "s", "combinations@odata.context": "c", "name": "@odata.id"}
    opens: Row = {"id": "1", "open": {"strength@odata.context": "c", "strength": strength}, "opens": [[strength], None]}
    assert RowValidator(THINGS).is_valid(encoded(opens)), "this row is not coerced"
    stored, _ = landed(shared_lab, opens)
    plain = {"@odata.type": "#microsoft.graph.strength", "id": "s", "name": "@odata.id"}
    assert stored == {"open": {"strength": plain}, "opens": [[plain], None]}
    stored, rejects = landed(
        shared_lab,
        {
            "id": "1",
            "open": {"strength@odata.context": "c", "strength": strength | {"@odata.etag": "e"}, "n@odata.count": 1},
            "opens": [[strength], None],
            "info": {"label": "l", "other@odata.navigationLink": "l", "other": strength},
            "new": {"deep": [strength]},
        },
    )
    assert stored["open"] == {"strength": plain}
    assert stored["opens"] == [[plain], None]
    assert stored["_extra"] == {"info": {"other": plain}, "new": {"deep": [plain]}}
    assert rejects == {}


def test_only_rows_with_something_to_clean_are_coerced(shared_lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    coerced: list[bytes] = []

    def noted(_: StagePart, row: bytes) -> bytes:
        coerced.append(row)
        return row

    monkeypatch.setattr(StagePart, "_coerced", noted)
    plain: list[Row] = [{"id": "1", "open": {"@odata.type": "#t"}}, {"id": "2", "moment": "0011-01-01T00:00:00Z"}]
    shared_lab.land(plain)
    assert coerced == []
    shared_lab.land([*plain, {"id": "3", "name": "0001-01-01"}, {"id": "4", "day": "0001-01-01"}])
    assert [json.loads(row)["id"] for row in coerced] == ["3", "4"]


def test_an_extension_property_is_found_under_another_case_of_its_name_and_no_other_property_is(shared_lab: Lab) -> None:
    people = entity({"id": STRING, "name": STRING, "extension_1_badge": STRING}, table="people")
    rows: list[Row] = [
        {"id": "1", "Extension_1_Badge": "B", "Name": "N"},
        {"id": "2", "extension_1_badge": "exact", "extension_1_BADGE": "other"},
        {"id": "3", "extension_1_BADGE": "other", "extension_1_badge": "exact"},
        {"id": "4", "extension_1_BADGE": "first", "EXTENSION_1_badge": "second"},
        {"id": "5", "extension_2_badge": "undeclared"},
        {"id": "6", "extension_1_BADGE": 5},
    ]
    staged = shared_lab.land(rows, people)
    assert {key: (row["extension_1_badge"], row["_extra"]) for key, row in shared_lab.rows(staged, people).items()} == {
        "1": ("B", {"Name": "N"}),
        "2": ("exact", {"extension_1_BADGE": "other"}),
        "3": ("exact", {"extension_1_BADGE": "other"}),
        "4": ("first", {"EXTENSION_1_badge": "second"}),
        "5": (None, {"extension_2_badge": "undeclared"}),
        "6": ("5", None),
    }


def test_secrets_reach_neither_the_disk_nor_extra_in_any_case_of_their_names(shared_lab: Lab) -> None:
    some = replace(THINGS, never_stored=frozenset({"secretKey"}))
    rows: list[Row] = [
        {"id": "1", "secretKey": "hidden", "guid": "g"},
        {"id": "2", "SECRETKEY": {"a": "hidden"}},
    ]
    validator = RowValidator(some)
    assert not any(validator.is_valid(encoded(row)) for row in rows)
    assert all(b"hidden" not in validator.coerce(encoded(row)).row for row in rows)
    repeated = b'{"id": "3", "secretKey": "hidden", "secretKey": "hidden"}'
    staged = shared_lab.land([*rows, repeated], some)
    assert {key: row["_extra"] for key, row in shared_lab.rows(staged, some).items()} == {"1": None, "2": None, "3": None}
    assert staged.undeclared == ()


def test_a_table_of_a_few_properties_does_not_keep_the_type_of_the_rows() -> None:
    validator = RowValidator(CATALOG["user_sign_in_activity"])
    assert validator.is_valid(b'{"@odata.type": "#microsoft.graph.agentUser", "id": "1"}')
