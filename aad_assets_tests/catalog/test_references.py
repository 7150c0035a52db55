"""References between tables: both ends exist, and parents are among them."""

import pytest

from aad_assets.catalog import CATALOG, ENTITIES, Entity
from aad_assets.catalog.references import REFERENCES, Reference, references_of


@pytest.mark.parametrize("reference", REFERENCES, ids=lambda each: f"{each.table}.{each.column}")
def test_both_ends_exist(reference: Reference) -> None:
    columns = {column.name: column.duckdb_type for column in CATALOG[reference.table].all_columns}
    first, *fields = reference.column.removesuffix("[]").split(".")

    assert first.removesuffix("[]") in columns
    for field in fields:
        assert field.removesuffix("[]") in columns[first.removesuffix("[]")], field
    assert reference.targets
    for target in reference.targets:
        assert reference.key in {column.name for column in CATALOG[target].all_columns}


def test_no_column_is_listed_twice() -> None:
    ends = [(each.table, each.column) for each in REFERENCES]
    assert sorted(set(ends)) == sorted(ends)


@pytest.mark.parametrize("entity", [each for each in ENTITIES if each.parent], ids=lambda each: each.table)
def test_the_parent_comes_first(entity: Entity) -> None:
    found = references_of(entity, CATALOG)

    if entity.parent_reference:
        assert found[0].targets == (entity.parent,)
        assert found[0].column in {column.name for column in entity.columns}
    assert len({each.column for each in found}) == len(found)


def test_tables_that_are_absent_are_left_out() -> None:
    found = references_of(CATALOG["role_assignments"], {"users", "role_definitions"})

    assert [(each.column, each.targets) for each in found] == [
        ("principalId", ("users",)),
        ("roleDefinitionId", ("role_definitions",)),
    ]
