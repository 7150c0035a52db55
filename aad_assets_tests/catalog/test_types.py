"""Graph's types and what they become."""

from collections.abc import Callable

import duckdb
import pytest

from aad_assets.catalog import types
from aad_assets.catalog.types import (
    Json,
    List,
    Scalar,
    Struct,
    Type,
    duckdb_type,
    navigation_type,
    own_properties,
    properties,
    quoted,
    resolve,
)

KINDS: list[tuple[Type, str]] = [
    (Scalar("String"), "VARCHAR"),
    (Scalar("Guid"), "VARCHAR"),
    (Scalar("Boolean"), "BOOLEAN"),
    (Scalar("Int32"), "INTEGER"),
    (Scalar("Int64"), "BIGINT"),
    (Scalar("Double"), "DOUBLE"),
    (Scalar("Date"), "DATE"),
    (Scalar("DateTimeOffset"), "TIMESTAMPTZ"),
    (Scalar("TimeOfDay"), "VARCHAR"),
    (Scalar("Duration"), "VARCHAR"),
    (Scalar("Binary"), "VARCHAR"),
    (Scalar("someFutureType"), "VARCHAR"),
    (Json(), "JSON"),
    (List(Scalar("Int32")), "INTEGER[]"),
    (List(List(Json())), "JSON[][]"),
    (Struct((("a", Scalar("Int64")), ("b", List(Scalar("Date"))))), 'STRUCT("a" BIGINT, "b" DATE[])'),
    (List(Struct((('say "x"', Struct((("order", Json()),))),))), 'STRUCT("say ""x""" STRUCT("order" JSON))[]'),
]


@pytest.mark.parametrize(("type_", "expected"), KINDS, ids=[name for _, name in KINDS])
def test_each_kind_becomes_its_duckdb_type(type_: Type, expected: str) -> None:
    assert duckdb_type(type_) == expected


@pytest.mark.parametrize("type_", [type_ for type_, _ in KINDS], ids=[name for _, name in KINDS])
def test_duckdb_knows_the_type(type_: Type) -> None:
    with duckdb.connect() as connection:
        assert connection.execute(f"SELECT NULL::{duckdb_type(type_)}").fetchall() == [(None,)]


@pytest.mark.parametrize("name", ["plain", "two words", 'say "x"', "order", "x'; --"])
def test_an_identifier_is_quoted(name: str) -> None:
    with duckdb.connect() as connection:
        (column,) = connection.execute(f"SELECT 1 AS {quoted(name)}").description or []
    assert column[0] == name


@pytest.fixture
def schema(monkeypatch: pytest.MonkeyPatch) -> None:
    structs = {
        "address": {"street": "String", "tags": "[String]"},
        "tree": {"name": "String", "branches": "[tree]"},
        "one": {"other": "two"},
        "two": {"back": "one", "address": "address"},
        "anything": None,
        "rule": None,
    }
    current = {
        "entities": {"person": {"home": "address"}},
        "subtypes": {"employee": {"badge": "Int32"}},
        "navigation": {"person": {"rules": "[rule]", "manager": {"id": "String", "isActive": "Boolean"}}},
        "structs": structs,
    }
    coming = {"entities": {"person": {"home": "String"}}, "subtypes": {}, "navigation": {}, "structs": {}}
    monkeypatch.setattr(types, "read_schema", lambda: {"v1.0": current, "beta": coming})


ADDRESS = Struct((("street", Scalar("String")), ("tags", List(Scalar("String")))))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Int32", Scalar("Int32")),
        ("[Guid]", List(Scalar("Guid"))),
        ("address", ADDRESS),
        ("[address]", List(ADDRESS)),
        ("anything", Json()),
        ("[anything]", List(Json())),
        ("tree", Struct((("name", Scalar("String")), ("branches", List(Json()))))),
        ("one", Struct((("other", Struct((("back", Json()), ("address", ADDRESS)))),))),
    ],
)
def test_a_name_resolves_to_its_type(schema: None, name: str, expected: Type) -> None:
    assert resolve(name) == expected


def test_a_type_used_twice_is_not_taken_for_one_that_contains_itself(schema: None) -> None:
    resolved = resolve("two")
    assert isinstance(resolved, Struct)
    assert dict(resolved.fields)["address"] == ADDRESS


def test_properties_of_an_entity_type_are_typed(schema: None) -> None:
    assert properties("person") == {"home": ADDRESS}


def test_a_type_of_beta_is_not_taken_for_that_of_v1(schema: None) -> None:
    assert properties("person", "beta") == {"home": Scalar("String")}


def test_a_derived_type_has_properties_of_its_own(schema: None) -> None:
    assert own_properties("employee") == {"badge": Scalar("Int32")}


def test_a_collection_of_related_objects_has_their_type(schema: None) -> None:
    assert navigation_type("person", "rules") == List(Json())


def test_a_linked_object_has_the_chosen_properties(schema: None) -> None:
    assert navigation_type("person", "manager") == Struct((("id", Scalar("String")), ("isActive", Scalar("Boolean"))))


@pytest.mark.parametrize("read", [lambda: own_properties("nobody"), lambda: navigation_type("person", "home")])
def test_an_undeclared_part_is_a_key_error(schema: None, read: Callable[[], object]) -> None:
    with pytest.raises(KeyError):
        read()


def test_an_entity_type_that_is_not_in_the_schema_is_a_key_error(schema: None) -> None:
    with pytest.raises(KeyError):
        properties("nobody")
