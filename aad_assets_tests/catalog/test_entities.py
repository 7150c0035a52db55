"""The rules that every declared entity keeps to. A new entity is tested as soon as it is declared."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import FrozenInstanceError, replace

import duckdb
import pytest

from aad_assets.catalog import CATALOG, ENTITIES, Entity, Group, Shape, Version
from aad_assets.catalog.columns import ODATA_TYPE, Link, navigation_name
from aad_assets.catalog.types import STRING, Json, List, Scalar, Struct, Type, own_properties, properties
from aad_assets.catalog.views import VIEWS

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


def test_a_path_is_read_twice_only_for_other_rows_or_properties() -> None:
    assert repeated([f"{entity.versioned_path} {entity.select} {entity.filter}" for entity in ENTITIES]) == []


def test_groups_of_the_asset_graph_can_be_taken_in_at_a_glance() -> None:
    sizes = Counter([*(entity.group for entity in ENTITIES), *(view.group for view in VIEWS)])
    assert set(sizes) == set(Group)
    assert max(sizes.values()) <= 25


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
def test_the_parents_key_stands_in_front_where_rows_do_not_say_it(entity: Entity) -> None:
    assert bool(entity.edge) <= bool(entity.parent_columns)
    names = [column.name for column in entity.columns]
    assert tuple(names[: len(entity.parent_columns)]) == entity.parent_columns
    assert entity.key[: len(entity.parent_columns)] == entity.parent_columns


_WITHOUT_PARENT = {"application_extension_properties", "organizational_branding"}
"""Tables whose rows do not say which parent they belong to."""


@every_entity
def test_rows_of_children_name_their_parent(entity: Entity) -> None:
    if entity.parent is None or entity.table in _WITHOUT_PARENT:
        assert not entity.parent or entity.parent_reference == ()
        return
    assert len(entity.parent_reference) == len(entity.parent_key)
    assert not (entity.parent_columns and entity.returned_parent_columns)
    parent = CATALOG[entity.parent]
    if parent.parent:  # so that the rows below a refused grandparent are known, whether its children are stored or not
        assert set(parent.parent_reference) <= set(entity.parent_key)


@every_entity
def test_the_select_names_the_key_first_and_each_property_once(entity: Entity) -> None:
    if not entity.needs_select:
        assert entity.select == ()
        return
    assert entity.select[0] == "id"
    assert repeated(list(entity.select)) == []
    assert [name for name in entity.select if "@" in name or name in entity.parent_columns] == []


@every_entity
def test_the_columns_are_all_properties_but_those_left_out_on_purpose(entity: Entity) -> None:
    sources = {column.source for column in entity.columns} - {ODATA_TYPE, *entity.parent_columns}
    expanded = {name for name in map(navigation_name, (*entity.inline, *entity.embedded)) if "." not in name}
    expanded |= {f"{link.name}{name[0].upper()}{name[1:]}" for link in entity.links for name in link.properties}
    if entity.needs_select:
        assert set(entity.select) == sources - expanded
    if entity.edge or entity.shape is Shape.STRINGS or entity.value_property:
        return
    own = properties(entity.type, entity.version)
    streams = {name for name, type_ in own.items() if type_ == Scalar("Stream")}
    added = {name for name, _ in entity.undeclared} | expanded
    added |= {name for subtype in entity.subtypes for name in own_properties(subtype, entity.version)}
    left_out = entity.omit | entity.disabled_columns | entity.never_stored | streams
    assert sources == ((own.keys() | added) - left_out if entity.properties is None else set(entity.properties))


@every_entity
def test_what_is_omitted_is_declared_and_what_is_undeclared_is_not(entity: Entity) -> None:
    declared = {name.lower() for name in properties(entity.type, entity.version)}
    assert {name.lower() for name in entity.omit} <= declared
    assert not {name.lower() for name, _ in entity.undeclared} & declared


@every_entity
def test_undeclared_properties_have_a_type_that_the_schema_knows(entity: Entity) -> None:
    types = {column.name: column.type for column in entity.columns}
    for name, declared in entity.undeclared:
        assert declared in SCALARS or not isinstance(types[name], Scalar), f"{name}: {declared}"


@every_entity
def test_the_page_size_is_one_that_graph_takes(entity: Entity) -> None:
    largest = 1000 if entity.shape is Shape.LOG else LARGEST_PAGE
    assert entity.page_size is None or 1 <= (entity.fallback_page_size or 1) <= entity.page_size <= largest


@every_entity
def test_the_path_is_below_the_base_url_and_has_a_place_for_the_parents_key(entity: Entity) -> None:
    assert re.fullmatch(r"(/([A-Za-z0-9]+|(microsoft\.)?graph\.[A-Za-z]+|\{id\}))+", entity.path)
    places = entity.path.count("{id}") + (entity.filter or "").count("{id}")
    assert places == (len(entity.parent_key) if entity.shape is Shape.CHILDREN else 0)
    assert bool(entity.parent) == (entity.shape is Shape.CHILDREN or entity.owner_column is not None)


@every_entity
def test_a_child_names_columns_of_its_parent(entity: Entity) -> None:
    if not entity.parent:
        return
    parent = CATALOG[entity.parent]
    columns = {column.name for column in parent.columns}
    assert set(entity.parent_sources) <= columns
    if entity.shape is Shape.CHILDREN:
        assert entity.parent_key == parent.key
        assert entity.filter or entity.path.startswith(f"{parent.path}/{{id}}/")
    else:
        assert entity.owner_column in {column.name for column in entity.columns}


@every_entity
def test_a_log_names_the_moment_of_its_events(entity: Entity) -> None:
    types = {column.name: column.type for column in entity.columns}
    assert (entity.time_property is not None) == (entity.shape is Shape.LOG) == (entity.group is Group.LOGS)
    assert entity.time_property is None or types[entity.time_property] == Scalar("DateTimeOffset")


@every_entity
def test_rows_of_several_types_say_which(entity: Entity) -> None:
    kinds = [column.name for column in entity.columns if column.source == ODATA_TYPE]
    typed_edge = entity.edge and (entity.type == "directoryObject" or entity.shape is Shape.EXPAND)
    assert kinds == (["odataType"] if entity.polymorphic else [f"{entity.edge}Type"] if typed_edge else [])


@every_entity
def test_a_column_that_is_turned_off_is_neither_asked_for_nor_a_column(entity: Entity) -> None:
    name = entity.columns[-1].name
    without = replace(entity, disabled_columns=frozenset({name}))
    assert name not in {column.name for column in without.columns}
    assert name in {column.name for column in without.all_columns}
    assert entity.columns[-1].source not in without.select or len(entity.columns) == 1


@every_entity
def test_people_can_read_what_it_is_and_what_it_needs(entity: Entity) -> None:
    assert entity.description.endswith(".")
    assert len(entity.description.split()) > 2
    for permission in entity.permissions:
        assert re.fullmatch(r"[A-Za-z]+(-[A-Za-z]+)?(\.[A-Za-z0-9]+)+", permission)
        assert not entity.on or ".ReadWrite" not in permission
    assert entity.permissions
    assert re.fullmatch(r"[A-Z][a-z]+( [A-Z][a-z]+)*", entity.person_role)
    assert not re.search(r"[.!]$", entity.off_reason), "it ends a sentence"


@every_entity
def test_the_documentation_is_a_page_of_microsofts_reference(entity: Entity) -> None:
    version = {Version.V1: r"1\.0", Version.BETA: "beta"}[entity.version]
    page = rf"https://learn\.microsoft\.com/graph/api/resources/[a-z0-9-]+\?view=graph-rest-{version}"
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
def test_what_comes_with_expand_is_a_column_or_a_field_of_one(entity: Entity) -> None:
    types = {column.name: column.type for column in entity.columns}
    for link in entity.links:
        assert {types[name] for name in link.column_names().values()} <= {STRING, Scalar("Boolean")}
    for name in map(navigation_name, (*entity.inline, *entity.embedded)):
        column, _, field = name.partition(".")
        assert isinstance(types[column], Json | List | Struct)
        assert not field or field in {each for struct in structs(types[column]) for each, _ in struct.fields}


@every_entity
def test_each_property_of_a_derived_type_is_a_column(entity: Entity) -> None:
    types = {column.name: column.type for column in entity.columns}
    hidden = entity.omit | entity.never_stored
    for subtype in entity.subtypes:
        for name, type_ in own_properties(subtype, entity.version).items():
            assert name in hidden or types[name] in (type_, Json())


@every_entity
def test_options_are_declared_only_where_they_have_an_effect(entity: Entity) -> None:
    is_child, is_single = entity.shape is Shape.CHILDREN, entity.shape is Shape.SINGLETON
    assert is_child or not (entity.casts or entity.one_per_parent or entity.not_found_means_empty or entity.parent_list)
    assert is_single or not entity.absent_without_id
    assert entity.one_per_parent or not entity.value_property
    assert not (entity.one_per_parent and (entity.page_size or entity.casts))
    assert entity.version is Version.BETA or not entity.may_be_in_v1
    assert not entity.parent_list or entity.parent_where, "it decides if Graph does not return the list"


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
        permissions=("Domain.Read.All",),
        shape=Shape.CHILDREN,
        needs_select=True,
        parent="domains",
        parent_columns=("domainId",),
        key=("domainId", "id"),
        omit=frozenset({"state"}),
    )
    names = [column.name for column in child.columns]
    assert names[:2] == ["domainId", "id"]
    assert "state" not in names
    assert "domainId" not in child.select


def test_a_link_is_a_column_for_each_property_that_is_asked_for() -> None:
    link = Link("target", ("id", "objectId"))
    assert link.expand == "target($select=id,objectId)"
    assert link.column_names() == {"id": "targetId", "objectId": "targetObjectId"}
    names = [column.name for column in CATALOG["access_package_assignments"].columns]
    assert names[-4:] == ["targetId", "targetObjectId", "accessPackageId", "assignmentPolicyId"]


def test_a_derived_types_property_has_one_column_even_if_several_types_declare_it() -> None:
    columns = {column.name: column for column in CATALOG["domain_service_dns_records"].columns}
    assert columns["mailExchange"].duckdb_type == "VARCHAR"
    assert "Only of type `domainDnsMxRecord`." in columns["mailExchange"].meaning
    assert columns["odataType"].source == ODATA_TYPE


def test_properties_of_the_same_name_and_different_types_are_json() -> None:
    columns = {column.name: column for column in CATALOG["authentication_event_listeners"].columns}
    assert columns["handler"].type == Json()


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
        permissions=("None",),
    )
    assert "/resources/identitygovernance-workflow?" in entity.documentation_url
