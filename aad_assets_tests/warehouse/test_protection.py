"""Protected values: pseudonymised or truncated before anything is written to disk."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aad_assets.catalog import Entity
from aad_assets.catalog.enums import Protection
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.staging.protection import Protector, pseudonym, truncated_address
from aad_assets.warehouse.staging.stage import Stage
from aad_assets_tests.warehouse.support import COLUMNS, THINGS, Lab, entity

KEY = b"k" * 64
SECRET = "do-not-store-me"


def protecting(**protected: Protection) -> Entity:
    paths = {name.replace("__", "."): how for name, how in protected.items()}
    return replace(THINGS, protected=tuple(paths.items()))


def protect(row: dict[str, Any] | bytes, of: Entity) -> Any:
    (found,) = Protector(of, KEY).rows([row if isinstance(row, bytes) else json.dumps(row).encode()])
    return json.loads(bytes(found))


def test_a_value_is_replaced_by_its_pseudonym_in_any_case_of_its_name() -> None:
    of = protecting(name=Protection.PSEUDONYMISE)
    assert protect({"id": "1", "name": "Anna", "NAME": "Anna", "other": "Anna"}, of) == {
        "id": "1",
        "name": pseudonym("Anna", KEY),
        "NAME": pseudonym("Anna", KEY),
        "other": "Anna",
    }


def test_null_stays_null_and_other_members_keep_their_bytes() -> None:
    row = b'{"id":"1","name":null,"ratio":0.10000000000000000000000001}'
    (found,) = Protector(protecting(name=Protection.PSEUDONYMISE), KEY).rows([row])
    assert bytes(found) == row


def test_numbers_beside_a_protected_part_keep_their_digits() -> None:
    row = b'{"id": "1", "open": {"label": "Anna", "n": [12345678901234567890.123, 1.50], "l": 47.640680000000003}}'
    found = protect(row, protecting(open__label=Protection.PSEUDONYMISE))
    assert found["open"] == {"label": pseudonym("Anna", KEY), "n": ["12345678901234567890.123", 1.5], "l": 47.64068}


def test_a_part_of_a_value_is_protected() -> None:
    of = protecting(info__label=Protection.PSEUDONYMISE, plans__off=Protection.PSEUDONYMISE)
    row = {"id": "1", "info": {"Label": "Anna", "size": 3}, "plans": [{"sku": "x", "off": ["a", "b"]}, None]}
    assert protect(row, of) == {
        "id": "1",
        "info": {"Label": pseudonym("Anna", KEY), "size": 3},
        "plans": [{"sku": "x", "off": [pseudonym("a", KEY), pseudonym("b", KEY)]}, None],
    }


def test_a_row_with_a_lone_surrogate_is_protected() -> None:
    found = protect(b'{"id": "1", "name": "\\ud800 x"}', protecting(name=Protection.PSEUDONYMISE))
    assert found == {"id": "1", "name": pseudonym("\ud800 x", KEY)}


@pytest.mark.parametrize("row", [b"[1]", b"nonsense", b"[" * 100_000])
def test_what_is_no_row_is_left_to_the_validator(row: bytes) -> None:
    assert Protector(protecting(name=Protection.PSEUDONYMISE), KEY).rows([row]) == [row]


def test_entities_without_protection_are_not_touched() -> None:
    rows = [b'{"id": 1}']
    assert Protector(THINGS, KEY).rows(rows) is rows


def test_a_pseudonym_depends_on_value_and_key_alone() -> None:
    assert pseudonym("a", KEY) == pseudonym("a", KEY)
    assert len({pseudonym("a", KEY), pseudonym("A", KEY), pseudonym("a", b"other"), pseudonym("", KEY)}) == 4
    assert len(pseudonym("a", KEY)) == 32


@pytest.mark.parametrize(
    ("address", "stored"),
    [
        ("203.0.113.77", "203.0.113.0"),
        ("203.0.113.77:443", "203.0.113.0"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::"),
        ("[2001:db8:1:2::6]:443", "2001:db8:1::"),
        ("fe80::1%eth0", "fe80::"),
        ("::ffff:203.0.113.77", "203.0.113.0"),
        ("", None),
        ("unknown", None),
        (17, None),
    ],
)
def test_addresses_are_truncated(address: object, stored: str | None) -> None:
    assert truncated_address(address) == stored


@given(st.ip_addresses())
def test_a_truncated_address_never_names_a_device(address: Any) -> None:
    stored = truncated_address(str(address))
    assert stored is not None
    assert truncated_address(stored) == stored


def test_neither_the_stage_nor_the_database_holds_a_protected_value(tmp_path: Path) -> None:
    protected = dict.fromkeys(("name", "small", "info.label", "open", "open.x"), Protection.PSEUDONYMISE)
    of = replace(entity(COLUMNS), protected=tuple(protected.items()))
    (tmp_path / "stage").mkdir()
    lab = Lab(tmp_path / "stage")
    try:
        lab.stage = Stage(tmp_path / "stage", pseudonym_key=SECRET)
        row = {"id": "1", "name": SECRET, "Name": SECRET, "small": SECRET, "info": {"LABEL": SECRET}, "open": {"x": [SECRET]}}
        lab.publish(Target(str(tmp_path / "entra.duckdb"), "aad"), [row], of)
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert any(path.suffix == ".parquet" for path in files)
        assert [path.name for path in files if SECRET.encode() in path.read_bytes()] == []
    finally:
        lab.close()
