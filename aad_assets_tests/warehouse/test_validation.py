"""Each kind of value that Graph may send and that does not match its declared type."""

import json
from typing import Any

import pytest

from aad_assets.catalog import CATALOG
from aad_assets.errors import InvalidResponse
from aad_assets.warehouse.staging.coercion import Reject
from aad_assets.warehouse.staging.validation import RowValidator
from aad_assets_tests.warehouse.support import THINGS, Lab, Row, encoded, landed

LONE = "\ud800"


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
