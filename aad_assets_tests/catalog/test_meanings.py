"""The meanings of columns: Microsoft's words if it has any, ours for the columns that we add."""

import json

import pytest

from aad_assets.catalog import CATALOG, ENTITIES, Entity
from aad_assets.catalog.columns import ODATA_TYPE
from aad_assets.catalog.undescribed import MEANINGS
from tools.catalog_data.files import MEANINGS_FILE

PUBLISHED = json.loads(MEANINGS_FILE.read_text("utf-8"))

every_entity = pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.table)


@every_entity
def test_a_column_has_the_meaning_that_microsoft_gives_it(entity: Entity) -> None:
    ours = {*entity.parent_columns, "value"}
    needs = dict(entity.also_needs)
    for column in entity.columns:
        if (
            not entity.edge
            and column.name not in ours
            and (text := PUBLISHED[entity.version].get(entity.type, {}).get(column.source))
        ):
            assert column.meaning.startswith(text), column.name
            assert (column.meaning == text) == (column.name not in needs), column.name
            assert all(f"`{permission}`" in column.meaning for permission in needs.get(column.name, ())), column.name


@every_entity
def test_a_column_of_ours_has_a_meaning(entity: Entity) -> None:
    added = {*entity.parent_columns, *(name for name, _ in entity.undeclared)}
    for column in entity.columns:
        if entity.edge or column.name in added or column.source in (ODATA_TYPE, "value", "id"):
            assert column.meaning.endswith("."), column.name


def test_ours_are_for_what_microsoft_does_not_describe() -> None:
    described = {(type_, name) for types in PUBLISHED.values() for type_, texts in types.items() for name in texts}
    ours = {(type_, name) for type_, texts in MEANINGS.items() for name in texts}
    assert not ours & described


def test_nearly_every_column_has_one() -> None:
    columns = [column for entity in ENTITIES for column in entity.columns]
    assert sum(bool(column.meaning) for column in columns) / len(columns) > 0.9


def test_an_edge_says_what_its_ends_are() -> None:
    meanings = {column.name: column.meaning for column in CATALOG["group_members"].columns}
    assert meanings["groupId"] == "The row that this one belongs to: `groups.id`."
    assert meanings["memberId"] == "The `id` of the member."
    assert "`servicePrincipal`" in meanings["memberType"]


def test_a_parent_with_a_key_of_two_columns_is_named_by_both() -> None:
    meanings = {column.name: column.meaning for column in CATALOG["access_review_decisions"].columns}
    assert meanings["definitionId"] == "The row that this one belongs to: `access_review_instances.definitionId`."
    assert meanings["instanceId"] == "The row that this one belongs to: `access_review_instances.id`."
