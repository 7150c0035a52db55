"""What every declaration must keep to: a new entity is tested by being declared."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import FrozenInstanceError

import duckdb
import pytest

from aad_assets.catalog import CATALOG, ENTITIES, Entity, Group, Shape
from aad_assets.catalog.entity import ODATA_TYPE
from aad_assets.catalog.types import STRING, List, Scalar, Struct, Type, properties

every_entity = pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.table)

LARGEST_PAGE = 999
SCALARS = {
    "String",
    "Guid",
    "Boolean",
    "Int32",
    "Int64",
    "Double",
    "Date",
    "DateTimeOffset",
    "TimeOfDay",
    "Duration",
    "Binary",
}


def scalars(type_: Type) -> Iterator[str]:
    match type_:
        case Scalar(name):
            yield name
        case List(item):
            yield from scalars(item)
        case Struct(fields):
            for _, field in fields:
                yield from scalars(field)


def structs(type_: Type) -> Iterator[Struct]:
    match type_:
        case List(item):
            yield from structs(item)
        case Struct(fields):
            yield type_
            for _, field in fields:
                yield from structs(field)


def repeated(names: list[str]) -> list[str]:
    return [name for name, count in Counter(name.lower() for name in names).items() if count > 1]


def test_table_names_are_unique_and_plain() -> None:
    tables = [entity.table for entity in ENTITIES]
    assert repeated(tables) == []
    assert [table for table in tables if not re.fullmatch(r"[a-z][a-z0-9_]*", table)] == []
    assert list(CATALOG) == tables


def test_paths_are_unique() -> None:
    assert repeated([entity.path for entity in ENTITIES]) == []


def test_parents_are_declared_before_their_children() -> None:
    tables = list(CATALOG)
    assert all(tables.index(entity.parent) < tables.index(entity.table) for entity in ENTITIES if entity.parent)


@every_entity
def test_columns_are_typed(entity: Entity) -> None:
    assert entity.columns
    unknown = {name for column in entity.columns for name in scalars(column.type)} - SCALARS
    assert not unknown, f"decide what {unknown} become in DuckDB, in types.py and proof.py"


@every_entity
def test_column_names_differ_in_more_than_case(entity: Entity) -> None:
    assert repeated([column.name for column in entity.columns]) == []
    assert repeated([column.source for column in entity.columns]) == []
    for column in entity.columns:
        for struct in structs(column.type):
            assert repeated([name for name, _ in struct.fields]) == [], column.name


@every_entity
def test_no_column_takes_a_name_of_ours(entity: Entity) -> None:
    assert [column.name for column in entity.columns if column.name.startswith("_")] == []


@every_entity
def test_duckdb_takes_the_columns(entity: Entity) -> None:
    definitions = ", ".join(f'"{column.name}" {column.duckdb_type}' for column in entity.columns)
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE t ({definitions}, _extra JSON, _tenant_id VARCHAR, _loaded_at TIMESTAMPTZ)")
        described = [row[0] for row in connection.execute("DESCRIBE t").fetchall()]
    assert described == [column.name for column in entity.columns] + ["_extra", "_tenant_id", "_loaded_at"]


@every_entity
def test_the_key_stands_in_columns_of_text(entity: Entity) -> None:
    types = {column.name: column.type for column in entity.columns}
    assert entity.key
    assert {types[name] for name in entity.key} == {STRING}


@every_entity
def test_the_parents_id_is_a_column_and_part_of_the_key_where_rows_do_not_say_it(entity: Entity) -> None:
    if entity.parent_column is None:
        assert entity.edge is None
        return
    assert entity.parent
    assert entity.columns[0].name == entity.key[0] == entity.parent_column


@every_entity
def test_the_select_names_the_id_first_and_each_property_once(entity: Entity) -> None:
    assert entity.select[0] == "id"
    assert repeated(list(entity.select)) == []
    assert [name for name in entity.select if "@" in name or name == entity.parent_column] == []


@every_entity
def test_the_select_names_no_omitted_property_and_leaves_out_no_other(entity: Entity) -> None:
    assert not set(entity.select) & entity.omit
    readable = {column.source for column in entity.columns} - {ODATA_TYPE, entity.parent_column}
    assert set(entity.select) == readable
    if not entity.edge:
        streams = {name for name, type_ in properties(entity.type).items() if type_ == Scalar("Stream")}
        added = {name for name, _ in entity.undeclared}
        assert readable == (properties(entity.type).keys() | added) - entity.omit - streams


@every_entity
def test_what_is_omitted_is_declared_and_what_is_undeclared_is_not(entity: Entity) -> None:
    declared = {name.lower() for name in properties(entity.type)}
    assert {name.lower() for name in entity.omit} <= declared
    assert not {name.lower() for name, _ in entity.undeclared} & declared


@every_entity
def test_undeclared_properties_have_a_type_that_the_schema_knows(entity: Entity) -> None:
    types = {column.name: column.type for column in entity.columns}
    for name, declared in entity.undeclared:
        assert declared in SCALARS or not isinstance(types[name], Scalar), f"{name}: {declared}"


@every_entity
def test_the_page_size_is_one_that_graph_takes(entity: Entity) -> None:
    assert entity.page_size is None or 1 <= entity.page_size <= LARGEST_PAGE


@every_entity
def test_the_path_is_below_the_base_url_and_names_its_parent(entity: Entity) -> None:
    assert re.fullmatch(r"(/([A-Za-z0-9]+|\{id\}))+", entity.path)
    assert entity.path.count("{id}") == (1 if entity.parent else 0)
    assert entity.shape is (Shape.CHILDREN if entity.parent else Shape.LIST)


@every_entity
def test_the_path_of_a_child_begins_with_its_parents(entity: Entity) -> None:
    if entity.parent:
        parent = CATALOG[entity.parent]
        assert parent.shape is Shape.LIST
        assert parent.key == ("id",)
        assert entity.path.startswith(f"{parent.path}/{{id}}/")


@every_entity
def test_people_can_read_what_it_is_and_what_it_needs(entity: Entity) -> None:
    assert entity.description.endswith(".")
    assert len(entity.description.split()) > 2
    assert re.fullmatch(r"[A-Za-z]+(-[A-Za-z]+)?(\.[A-Za-z]+)+", entity.permission)
    assert ".ReadWrite" not in entity.permission


@every_entity
def test_the_documentation_is_a_page_of_microsofts_reference(entity: Entity) -> None:
    page = r"https://learn\.microsoft\.com/graph/api/resources/[a-z0-9-]+\?view=graph-rest-1\.0"
    assert re.fullmatch(page, entity.documentation_url)


@every_entity
def test_shards_are_cut_on_a_text_that_is_read_and_proved_by_a_count(entity: Entity) -> None:
    if entity.shard_property:
        types = {column.source: column.type for column in entity.columns}
        assert types[entity.shard_property] == STRING
        assert entity.countable


@every_entity
def test_casts_are_of_edges(entity: Entity) -> None:
    assert not entity.casts or entity.edge


@every_entity
def test_a_declaration_cannot_be_changed(entity: Entity) -> None:
    with pytest.raises(FrozenInstanceError):
        entity.table = "other"  # type: ignore[misc]


def test_an_edge_holds_ids_and_types_alone() -> None:
    edge = CATALOG["group_members"]
    assert [(column.name, column.source) for column in edge.columns] == [
        ("groupId", "groupId"),
        ("memberId", "id"),
        ("memberType", ODATA_TYPE),
    ]
    assert edge.select == ("id",)


def test_a_child_with_properties_of_its_own_has_its_parents_id_in_front() -> None:
    child = Entity(
        table="settings",
        path="/domains/{id}/settings",
        type="domain",
        group=Group.DIRECTORY,
        description="For tests.",
        permission="Domain.Read.All",
        parent="domains",
        parent_column="domainId",
        key=("domainId", "id"),
        omit=frozenset({"state"}),
    )
    names = [column.name for column in child.columns]
    assert names[:2] == ["domainId", "id"]
    assert "state" not in names
    assert "domainId" not in child.select


def test_streams_are_never_asked_for() -> None:
    assert properties("application")["logo"] == Scalar("Stream")
    assert "logo" not in CATALOG["applications"].select


def test_graph_never_gets_the_user_properties_that_make_a_list_fail() -> None:
    selected = set(CATALOG["users"].select)
    assert not selected & {"aboutMe", "birthday", "hireDate", "interests", "mailboxSettings", "mySite"}
    assert not selected & {"pastProjects", "preferredName", "responsibilities", "schools", "skills"}
    assert not {"signInActivity", "customSecurityAttributes"} & selected


def test_a_documentation_page_of_another_namespace_is_named_with_dashes() -> None:
    entity = Entity(
        table="t",
        path="/t",
        type="identityGovernance.workflow",
        group=Group.ACCESS,
        description="For tests.",
        permission="None",
    )
    assert "/resources/identitygovernance-workflow?" in entity.documentation_url
