"""Whatever Graph sends, valid rows are typed exactly, and nothing in the others is lost."""

import json
import re
from datetime import UTC, datetime
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from aad_assets.catalog.types import Json, List, Scalar, Struct, Type
from aad_assets.warehouse.staging.coercion import Reject
from aad_assets.warehouse.staging.validation import RowValidator
from aad_assets_tests.warehouse.support import COLUMNS, THINGS, Lab, Row

THOROUGH = settings(max_examples=50)

surrogates = st.sampled_from(["\ud800", "\udfff", "a\udc00b"])
texts = st.text(max_size=8) | st.text(st.characters(max_codepoint=0x7F), max_size=8)
NEAR_MISSES = """
    1 1.5 true INF -INF NaN inf null {} 007 1_000 ١ 2024-02-29 2023-02-29 2024-W01-1 2024-01-01T00:00:00 2024-13-01T00:00:00Z
    2024-01-01T00:00:00Z 2024-01-01T00:00:00.1234567Z 9999-12-31T23:59:59.9999999Z 0001-01-01T00:00:00Z 2024-01-01T24:00:00Z
"""
strange = st.sampled_from([*NEAR_MISSES.split(), "", " 1", "\x00", "2024-01-01 00:00:00"])
integers = st.integers() | st.sampled_from([0, 2**31 - 1, 2**31, -(2**31) - 1, 2**53 + 1, 2**63, -(2**63), 10**30, 10**400])
doubles = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([1.0, -0.0, 1e300, 3.7])
scalars = st.none() | st.booleans() | integers | doubles | texts | strange | surrogates
member_names = (
    st.sampled_from(["Name", "ID", "label", "Label", "@odata.type", "tags@odata.type", "lastDateTime", "é", '"', "x\x00"])
    | texts
    | surrogates
)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(member_names, inner, max_size=3), max_leaves=6
)

moments = st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1)).map(lambda moment: moment.replace(microsecond=0).isoformat())
zones = st.sampled_from(["Z", "", "+00:00", "+05:30", "-11:00", "+13:45"])
fractions = st.from_regex(r"(\.\d{1,9})?", fullmatch=True, alphabet="0123456789.")


NO_DATES = [
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00",
    "0001-01-01T00:00:00.0000000+00:00",
    "0001-01-01T05:30:00+05:30",
    "0001-01-01",
]
"""Spellings of the date that .NET writes for "no value"."""
no_dates = st.sampled_from(NO_DATES[:-1])

SOUND: dict[str, st.SearchStrategy[Any]] = {
    "Boolean": st.booleans(),
    "Int32": st.integers(-(2**31), 2**31 - 1),
    "Int64": st.integers(-(2**63), 2**63 - 1),
    "Double": doubles,
    "Date": st.dates().map(str) | st.just("0001-01-01"),
    "DateTimeOffset": st.builds(lambda *parts: "".join(parts), moments, fractions, zones) | no_dates,
}


def fitting(type_: Type) -> st.SearchStrategy[Any]:
    """Return a strategy for values that match the metadata."""
    match type_:
        case Scalar(name):
            return st.none() | SOUND.get(name, texts | strange)
        case List(item):
            return st.none() | st.lists(fitting(item), max_size=3)
        case Struct(fields):
            return st.none() | st.fixed_dictionaries({}, optional={name: fitting(field) for name, field in fields})
        case Json():
            return anything


declared = {name: type_ for name, type_ in COLUMNS.items() if name != "id"}
sound_rows = st.fixed_dictionaries({}, optional={name: fitting(type_) for name, type_ in declared.items()})
rows = st.builds(
    dict.__or__,
    st.fixed_dictionaries({}, optional={name: fitting(type_) | anything for name, type_ in declared.items()}),
    st.dictionaries(member_names.filter(lambda name: name not in COLUMNS), anything, max_size=2),
)
layouts = st.sampled_from([None, 1])


def sent_bytes(row: Row, indent: int | None) -> bytes:
    return json.dumps(row, indent=indent).encode()


@THOROUGH
@given(sent=st.lists(sound_rows | rows, max_size=8), indent=layouts)
def test_a_row_that_holds_comes_back_exactly_as_it_was_sent(shared_lab: Lab, sent: list[Row], indent: int | None) -> None:
    validator = RowValidator(THINGS)
    numbered = [{"id": f"k{number}"} | row for number, row in enumerate(sent)]
    holding = {row["id"]: row for row in numbered if validator.is_valid(sent_bytes(row, indent))}
    assume(holding)
    staged = shared_lab.land([sent_bytes(row, indent) for row in holding.values()])
    assert staged.rejects is None
    assert staged.undeclared == ()
    typed = shared_lab.rows(staged)
    assert typed.keys() == holding.keys()
    for key, row in holding.items():
        stored = typed[key]
        assert stored.pop("_extra") is None
        assert lost(row, stored, None, {}) == []


@THOROUGH
@given(sent=st.lists(rows, min_size=1, max_size=8), indent=layouts)
def test_every_value_is_in_its_column_in_extra_or_in_rejects(shared_lab: Lab, sent: list[Row], indent: int | None) -> None:
    numbered = {f"k{number}": {"id": f"k{number}"} | row for number, row in enumerate(sent)}
    staged = shared_lab.land([sent_bytes(row, indent) for row in numbered.values()])
    rejects = shared_lab.rejects(staged)
    typed = shared_lab.rows(staged)
    assert typed.keys() == numbered.keys()
    for key, row in numbered.items():
        stored = typed[key]
        extra = stored.pop("_extra")
        assert lost(row, stored, extra, by_place(rejects, key)) == []


@settings(max_examples=100)
@given(row=sound_rows)
def test_rows_as_the_metadata_promises_them_need_no_coercion(row: Row) -> None:
    assume(not _strange_inside(row.get("open")) and not _strange_inside(row.get("opens")))
    assert RowValidator(THINGS).is_valid(json.dumps({"id": "1"} | row).encode())


def _strange_inside(value: Any) -> bool:
    return re.search(r"\\ud[89a-f]", json.dumps(value)) is not None


def by_place(rejects: list[Reject], key: str) -> dict[str, list[Any]]:
    places: dict[str, list[Any]] = {}
    for reject in rejects:
        if reject.key == key:
            places.setdefault(reject.column, []).append(json.loads(reject.value))
    return places


def lost(sent: Row, stored: Row, extra: Row | None, rejects: dict[str, list[Any]]) -> list[str]:
    """Return the paths of values that were sent and are missing from the result."""
    return lost_members(sent, stored, extra or {}, dict(COLUMNS), rejects, "")


def lost_members(
    sent: Row, stored: Row, left: Row, fields: dict[str, Type], rejects: dict[str, list[Any]], where: str
) -> list[str]:
    paths: list[str] = []
    for name, value in sent.items():
        place = f"{where}.{name}" if where else name
        if name in fields:
            paths += lost_value(value, stored.get(name), left.get(name), fields[name], rejects, place)
        elif is_noise(name) or (name in left and same(left[name], meant(value, name))):
            continue
        elif not rejected(rejects, place, value) and not rejected(rejects, where or "_extra", {name: value}):
            paths.append(place)
    return paths


def lost_value(sent: Any, stored: Any, left: Any, type_: Type, rejects: dict[str, list[Any]], where: str) -> list[str]:
    if sent is None or (isinstance(type_, Scalar) and type_.name in ("Date", "DateTimeOffset") and sent in NO_DATES):
        return [] if stored is None else [where]
    if stored is None and rejected(rejects, where, sent):
        return []
    match type_:
        case Struct(fields) if isinstance(sent, dict) and isinstance(stored, dict):
            return lost_members(sent, stored, left or {}, dict(fields), rejects, where)
        case List(item) if isinstance(sent, list) and isinstance(stored, list) and len(sent) == len(stored):
            lefts = left or [None] * len(sent)
            paths = []
            for number, (value, kept, rest) in enumerate(zip(sent, stored, lefts, strict=True)):
                paths += lost_value(value, kept, rest, item, rejects, f"{where}[{number}]")
            return paths
        case Json():
            return [] if same(stored, meant(sent)) else [where]
        case Scalar(name):
            return [] if same_scalar(stored, sent, name) else [where]
    return [where]


def meant(value: Any, name: str = "") -> Any:
    """Return an open value without what says nothing."""
    if isinstance(value, dict):
        return {key: meant(member, key) for key, member in value.items() if not is_noise(key)}
    if isinstance(value, list):
        return [meant(item, name) for item in value]
    return None if name.endswith("DateTime") and value in NO_DATES else value


def is_noise(name: str) -> bool:
    return "@odata." in name and name != "@odata.type"


def rejected(rejects: dict[str, list[Any]], where: str, value: Any) -> bool:
    return any(same(reject, value) for reject in rejects.get(where, ()))


def same(found: Any, sent: Any) -> bool:
    return json.dumps(found, sort_keys=True) == json.dumps(sent, sort_keys=True)


def same_scalar(stored: Any, sent: Any, name: str) -> bool:
    if name == "Boolean":
        return stored is (str(sent).lower() == "true")
    if name in ("Int32", "Int64"):
        return (
            isinstance(stored, int)
            and not isinstance(sent, bool)
            and stored == (int(sent) if isinstance(sent, str) else sent)
        )
    if name == "Double":
        number = {"INF": "inf", "-INF": "-inf", "NaN": "nan"}[sent] if isinstance(sent, str) else sent
        # Equal, or both NaN. The sign of a zero is no value: a Parquet dictionary has one entry for 0.0 and -0.0.
        return float(stored) == float(number) or repr(float(stored)) == repr(float(number))
    if name == "DateTimeOffset":
        return as_moment(stored) == as_moment(sent)
    if name == "Date":
        return bool(stored == sent)
    return bool(stored == (sent if isinstance(sent, str) else json.dumps(sent)))


def as_moment(text: str) -> datetime:
    """Parse a time to the microsecond, DuckDB's precision. Without an offset it is UTC."""
    found = re.fullmatch(r"([^.+Z]+?)(\.\d+)?(Z|[+-]\d\d(?::?\d\d)?)?", text)
    assert found, text
    zone = {None: "+00:00", "Z": "+00:00"}.get(found[3], found[3])
    moment = datetime.fromisoformat(f"{found[1]}{(found[2] or '.0')[:7].ljust(7, '0')}{zone}")
    return moment.astimezone(UTC)
