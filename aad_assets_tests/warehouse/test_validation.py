"""Each kind of value that Graph may send and that does not match its declared type."""

import json
from dataclasses import replace
from typing import Any

import pytest

from aad_assets.catalog import CATALOG
from aad_assets.errors import InvalidResponse
from aad_assets.warehouse.staging.coercion import Reject
from aad_assets.warehouse.staging.stage_part import StagePart
from aad_assets.warehouse.staging.validation import RowValidator
from aad_assets_tests.warehouse.support import STRING, THINGS, Lab, Row, encoded, entity

LONE = "\ud800"


def landed(shared_lab: Lab, row: Row | bytes) -> tuple[Row, dict[str, Any]]:
    """Return the row's values that are not null, and the rejects by path."""
    staged = shared_lab.land([row])
    stored = {name: value for name, value in shared_lab.rows(staged)["1"].items() if value is not None and name != "id"}
    return stored, {reject.column: reject.value for reject in shared_lab.rejects(staged)}


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("small", 3.7),
        ("small", 2**31),
        ("small", -(2**31) - 1),
        ("large", 2**63),
        ("large", 9007199254740993.5),
        ("small", True),
        ("small", "1_000"),
        ("small", "007"),
        ("small", " 1"),
        ("small", "١"),
        ("small", []),
        ("flag", 1),
        ("flag", "yes"),
        ("ratio", "fast"),
        ("ratio", True),
        ("ratio", 10**400),
        ("day", "2023-02-29"),
        ("day", "2024-W01-1"),
        ("day", "2024-01-01T00:00:00Z"),
        ("moment", "yesterday"),
        ("moment", "2024-13-01T00:00:00Z"),
        ("moment", "2024-01-01T24:00:00Z"),
        ("moment", 1704067200),
        ("name", {"a": 1}),
        ("name", ["a"]),
        ("name", LONE),
        ("tags", "not a list"),
        ("tags", {"0": "a"}),
        ("info", ["not a struct"]),
        ("open", {"deep": [LONE]}),
        ("open", {LONE: 1}),
    ],
)
def test_a_value_that_does_not_fit_is_null_and_rejected_whole(shared_lab: Lab, column: str, value: Any) -> None:
    row = {"id": "1", column: value, "guid": "stays"}
    assert not RowValidator(THINGS).is_valid(encoded(row))
    stored, rejects = landed(shared_lab, row)
    assert stored == {"guid": "stays"}
    assert rejects == {column: json.dumps(value)}


@pytest.mark.parametrize(
    ("column", "sent", "stored"),
    [
        ("moment", "2024-05-06T07:08:09.1234567Z", "2024-05-06 07:08:09.123456+00"),
        ("moment", "2024-12-31T23:59:59.9999999Z", "2024-12-31 23:59:59.999999+00"),
        ("moment", "9999-12-31T23:59:59.9999999Z", "9999-12-31 23:59:59.999999+00"),
        ("moment", "9999-12-31T23:59:59Z", "9999-12-31 23:59:59+00"),
        ("moment", "0001-01-01T00:00:01Z", "0001-01-01 00:00:01+00"),
        ("name", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("moment", "2024-05-06T07:08:09+05:30", "2024-05-06 01:38:09+00"),
        ("moment", "2024-05-06T07:08:09", "2024-05-06 07:08:09+00"),
        ("moment", "2024-05-06t07:08:09z", "2024-05-06 07:08:09+00"),
        ("day", "9999-12-31", "9999-12-31"),
        ("ratio", 3, 3.0),
        ("ratio", "INF", float("inf")),
        ("ratio", "-INF", float("-inf")),
        ("small", 3.0, 3),
        ("large", "9223372036854775807", 2**63 - 1),
        ("flag", "True", True),
        ("name", 12, "12"),
        ("name", 1.5, "1.5"),
        ("name", True, "true"),
        ("name", "a\x00b", "a\x00b"),
        ("name", "unknownFutureValue", "unknownFutureValue"),
        ("open", {"a\x00": "b\x00"}, {"a\x00": "b\x00"}),
        ("open", "text", "text"),
        ("tags", [None, "a", None], [None, "a", None]),
        ("tags", [], []),
        ("numbers", [1, None], [1, None]),
        ("plans", [None, {"sku": None}], [None, {"sku": None, "off": None, "since": None}]),
        ("info", {}, {"label": None, "size": None, "deep": None}),
    ],
)
def test_a_value_that_means_the_same_in_its_type_is_kept(shared_lab: Lab, column: str, sent: Any, stored: Any) -> None:
    assert landed(shared_lab, {"id": "1", column: sent}) == ({column: stored}, {})


def test_not_a_number_is_kept(shared_lab: Lab) -> None:
    stored, rejects = landed(shared_lab, {"id": "1", "ratio": "NaN"})
    assert stored["ratio"] != stored["ratio"]
    assert rejects == {}


def test_a_number_past_a_doubles_range_is_kept_as_text(shared_lab: Lab) -> None:
    stored, rejects = landed(shared_lab, b'{"id": "1", "open": [1e400], "ratio": 1e400, "new": -1e999}')
    assert stored == {"open": ["1e400"], "_extra": {"new": "-1e999"}}
    assert rejects == {"ratio": '"1e400"'}


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("12345678901234567890.123", "12345678901234567890.123"),
        ("0.1000000000000000055511151231257827", "0.1000000000000000055511151231257827"),
        ("-1E+400", "-1e400"),
        ("1e-400", "1e-400"),
        ("1" + "0" * 400 + ".5", "1" + "0" * 400 + ".5"),
        ("1e99999999999999999999999", "1e99999999999999999999999"),
        ("9007199254740993.0", 9007199254740993),
        ("123456789012345678901234567890", 123456789012345678901234567890),
        ("0.10", 0.1),
        ("1e23", 1e23),
        ("47.640680000000003", 47.64068),
        ("5e-324", 5e-324),
        ("100000000000000000000000.0", 1e23),
    ],
)
def test_a_number_in_json_keeps_its_digits(shared_lab: Lab, sent: str, stored: Any) -> None:
    """A JSON column reads rows that are valid in DuckDB, and undeclared members come through Python."""
    row = f'{{"id": "1", "open": {{"n": [{sent}]}}, "opens": [{sent}], "new": {sent}, "ratio": 0.5}}'.encode()
    assert landed(shared_lab, row) == (
        {"open": {"n": [stored]}, "opens": [stored], "_extra": {"new": stored}, "ratio": 0.5},
        {},
    )
    assert landed(shared_lab, f'{{"id": "1", "open": {sent}}}'.encode()) == ({"open": stored}, {})


def test_digits_past_a_double_are_cut_where_a_double_is_declared_and_kept_in_text(shared_lab: Lab) -> None:
    row = b'{"id": "1", "ratio": 0.100000000000000005551115, "name": 12345678901234567890.123, "large": 9007199254740993.0}'
    assert landed(shared_lab, row) == ({"ratio": 0.1, "name": "12345678901234567890.123", "large": 9007199254740993}, {})


def test_an_integer_of_more_digits_than_python_reads_is_kept_as_text(shared_lab: Lab) -> None:
    digits = "9" * 5000
    stored, _ = landed(shared_lab, f'{{"id": "1", "new": {digits}}}'.encode())
    assert stored == {"_extra": {"new": digits}}


def test_undeclared_members_are_kept_in_extra(shared_lab: Lab) -> None:
    staged = shared_lab.land([{"id": "1", "hired": {"by": [1]}, "Name": "other case", "ID": "2", "name": "declared"}])
    row = shared_lab.rows(staged)["1"]
    assert row["name"] == "declared"
    assert row["_extra"] == {"hired": {"by": [1]}, "Name": "other case", "ID": "2"}
    assert staged.undeclared == ("ID", "Name", "hired")


def test_undeclared_members_of_structs_are_kept_in_extra_where_they_stood(shared_lab: Lab) -> None:
    stored, rejects = landed(
        shared_lab,
        {
            "id": "1",
            "info": {"label": "l", "Size": 5, "deep": {"on": True, "off": False}},
            "plans": [{"sku": "a"}, {"sku": "b", "price": 3}, None],
        },
    )
    assert stored["info"] == {"label": "l", "size": None, "deep": {"on": True}}
    assert [plan and plan["sku"] for plan in stored["plans"]] == ["a", "b", None]
    assert stored["_extra"] == {"info": {"Size": 5, "deep": {"off": False}}, "plans": [None, {"price": 3}, None]}
    assert rejects == {}


def test_a_misfit_inside_a_struct_costs_that_member_alone(shared_lab: Lab) -> None:
    stored, rejects = landed(
        shared_lab, {"id": "1", "plans": [{"sku": "a", "since": "never"}, {"sku": "b", "off": ["x", {"y": 1}]}]}
    )
    assert stored["plans"] == [{"sku": "a", "off": None, "since": None}, {"sku": "b", "off": ["x", None], "since": None}]
    assert rejects == {"plans[0].since": '"never"', "plans[1].off[1]": '{"y": 1}'}


def test_a_member_of_graph_called_like_our_column_does_not_become_it(shared_lab: Lab) -> None:
    stored, _ = landed(shared_lab, {"id": "1", "_extra": {"a": 1}})
    assert stored == {"_extra": {"_extra": {"a": 1}}}


def test_odata_annotations_that_say_nothing_of_the_entity_are_left_out(shared_lab: Lab) -> None:
    stored, rejects = landed(
        shared_lab,
        {
            "id": "1",
            "name": "n",
            "@odata.type": "#microsoft.graph.thing",
            "@odata.etag": "W/1",
            "@odata.id": "things('1')",
            "tags@odata.type": "#Collection(String)",
            "owners@odata.context": "https://graph.microsoft.com/v1.0/$metadata",
            "info": {"label": "l", "@odata.context": "x", "tags@odata.count": 3},
        },
    )
    assert stored == {"name": "n", "info": {"label": "l", "size": None, "deep": None}}
    assert rejects == {}


def test_odata_annotations_that_say_something_are_kept_in_extra(shared_lab: Lab) -> None:
    stored, _ = landed(
        shared_lab,
        {
            "id": "1",
            "@odata.type": "#microsoft.graph.derivedThing",
            "@removed": {"reason": "deleted"},
            "members@odata.nextLink": "https://more",
            "info": {"@odata.type": "#microsoft.graph.derivedInfo"},
        },
    )
    assert stored["_extra"] == {
        "@odata.type": "#microsoft.graph.derivedThing",
        "@removed": {"reason": "deleted"},
        "members@odata.nextLink": "https://more",
        "info": {"@odata.type": "#microsoft.graph.derivedInfo"},
    }


def test_a_lone_surrogate_in_the_name_of_a_member_is_rejected_with_it(shared_lab: Lab) -> None:
    stored, rejects = landed(shared_lab, {"id": "1", LONE: 1, "info": {"label": "l", LONE: 2}})
    assert stored == {"info": {"label": "l", "size": None, "deep": None}}
    assert rejects == {"_extra": r'{"\ud800": 1}', "info": r'{"\ud800": 2}'}


def test_bytes_that_are_not_utf_8_are_rejected_with_their_value(shared_lab: Lab) -> None:
    stored, rejects = landed(shared_lab, b'{"id": "1", "guid": "g", "name": "a\xffb", "open": "\xed\xa0\x80"}')
    assert stored == {"guid": "g"}
    assert rejects == {"name": r'"a\udcffb"', "open": r'"\udced\udca0\udc80"'}


def test_a_raw_control_character_in_a_text_is_kept(shared_lab: Lab) -> None:
    assert landed(shared_lab, b'{"id": "1", "name": "a\tb\x01c"}') == ({"name": "a\tb\x01c"}, {})


def test_a_name_that_comes_twice_keeps_both_values(shared_lab: Lab) -> None:
    stored, _ = landed(shared_lab, b'{"id": "1", "name": "first", "name": "second", "info": {"size": 1, "size": 2}}')
    assert stored["name"] == "first"
    assert stored["info"]["size"] == 1
    assert stored["_extra"] == {"name#": "second", "info": {"size#": 2}}


def test_coerced_rows_stay_coerced_when_duckdb_rejects_another_row_of_their_chunk(shared_lab: Lab) -> None:
    rejected = b'{"id": "2", "moment": "2024-05-06t07:08:09z", "name": "n", "tags": ["a"]}'
    staged = shared_lab.land([{"id": "1", "new": {"a": 1}, "small": "x"}, rejected, {"id": "3", "name": "sound"}])
    rows = shared_lab.rows(staged)
    assert rows["1"]["_extra"] == {"new": {"a": 1}}
    assert (rows["2"]["moment"], rows["2"]["tags"], rows["3"]["name"]) == ("2024-05-06 07:08:09+00", ["a"], "sound")
    assert [(reject.key, reject.column) for reject in shared_lab.rejects(staged)] == [("1", "small")]
    assert staged.undeclared == ("new",)


@pytest.mark.parametrize(
    "row",
    [
        {"name": "no key"},
        {"id": None},
        {"id": ""},
        {"id": 1},
        {"id": ["1"]},
        {"Id": "1"},
        {"id": f"1{LONE}"},
        b'{"id": "1\xff"}',
    ],
)
def test_a_row_without_its_key_is_untrusted(row: Row | bytes) -> None:
    sent = encoded(row)
    validator = RowValidator(THINGS)
    assert not validator.is_valid(sent)
    with pytest.raises(InvalidResponse, match="no value for its key id"):
        validator.coerce(sent)


DEEP = b'{"id":"1","open":' + b"[" * 100_000


@pytest.mark.parametrize(
    "row",
    [b"[1]", b'"text"', b"null", b"{", b"", b'{"id": "1"} {"id": "2"}', b"[" * 100_000, DEEP, DEEP + b"]" * 100_000 + b"}"],
    ids=lambda row: f"{row[:12].decode()} ({len(row)})",
)
def test_a_row_that_is_not_an_object_is_untrusted(row: bytes) -> None:
    validator = RowValidator(THINGS)
    assert not validator.is_valid(row)
    with pytest.raises(InvalidResponse, match="not a JSON object"):
        validator.coerce(row)


def test_rejects_name_the_rows_key(shared_lab: Lab) -> None:
    grants = CATALOG["group_members"]
    row: Row = {"groupId": "g", "id": "m", "@odata.type": 5}
    assert RowValidator(grants).coerce(json.dumps(row).encode()).rejects == []
    row["@odata.type"] = [1]
    assert RowValidator(grants).coerce(json.dumps(row).encode()).rejects == [Reject("g|m", "@odata.type", "[1]")]


def test_an_edge_keeps_ids_and_type_whatever_else_a_member_shows(shared_lab: Lab) -> None:
    members = CATALOG["group_members"]
    others = {"displayName": "Ada", "signInActivity": {"x": 1}, "name": LONE}
    rows: list[Row] = [
        {"groupId": "g", "id": "a", "@odata.type": "#microsoft.graph.user"} | others,
        {"groupId": "g", "id": "b", "@odata.type": "#microsoft.graph.device", "displayName": None},
        {"groupId": "g", "id": "c"},
    ]
    broken = b'{"groupId": "g", "id": "d", "displayName": "\xff"}'
    assert not RowValidator(members).is_valid(broken)
    staged = shared_lab.land([*rows, broken], members)
    kinds = {key: row["memberType"] for key, row in shared_lab.rows(staged, members).items()}
    assert kinds == {"g|a": "user", "g|b": "device", "g|c": None, "g|d": None}
    assert staged.rejects is None
    assert staged.undeclared == ()


@pytest.mark.parametrize("extra", [{}, {"new": 1}], ids=["that is valid", "that is coerced"])
def test_a_row_of_more_than_16_mb_is_typed(shared_lab: Lab, extra: Row) -> None:
    text = "x" * (17 * 2**20)
    stored = shared_lab.land([{"id": "0"}, {"id": "1", "name": text} | extra, {"id": "2"}])
    assert shared_lab.query(f"SELECT id, length(name) FROM {stored.relation} ORDER BY id") == [
        ("0", None),
        ("1", len(text)),
        ("2", None),
    ]


def test_indented_rows_are_typed_like_others(shared_lab: Lab) -> None:
    row = {"id": "1", "name": "line\nbreak", "plans": [{"sku": "a"}], "new": {"a": [1]}}
    other = {"id": "2", "name": "line\r\nbreak"}
    staged = shared_lab.land([json.dumps(row, indent=2).encode(), json.dumps(other, indent=2).replace("\n", "\r\n").encode()])
    rows = shared_lab.rows(staged)
    assert (rows["1"]["name"], rows["1"]["_extra"], rows["2"]["name"]) == (
        "line\nbreak",
        {"new": {"a": [1]}},
        "line\r\nbreak",
    )
    assert rows["1"]["plans"][0]["sku"] == "a"


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
