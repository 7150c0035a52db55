"""How extension properties of a tenant become columns of the declared entities."""

from dataclasses import replace

from aad_assets.catalog import CATALOG
from aad_assets.catalog.extensions import ExtensionProperty, with_extensions, without_column


def test_an_extension_property_becomes_a_column_of_its_type() -> None:
    targets = frozenset({"User", "Group"})
    found = [
        ExtensionProperty("extension_b_tags", "String", True, targets),
        ExtensionProperty("extension_a_level", "Integer", False, targets),
        ExtensionProperty("extension_a_LEVEL", "String", False, targets),
        ExtensionProperty("extension_a_device", "Boolean", False, frozenset({"Device"})),
    ]
    users = with_extensions(CATALOG["users"], found)
    before = {column.name for column in CATALOG["users"].columns}
    added = [(column.name, column.duckdb_type) for column in users.columns if column.name not in before]
    assert added == [("extension_a_LEVEL", "VARCHAR"), ("extension_b_tags", "VARCHAR[]")]
    assert {name for name, _ in added} <= set(users.select)
    assert with_extensions(CATALOG["domains"], found) is CATALOG["domains"]


def test_an_extension_property_can_be_turned_off_before_it_is_known() -> None:
    users = replace(CATALOG["users"], disabled_columns=frozenset({"extension_a_level"}))
    known = with_extensions(users, [ExtensionProperty("extension_a_level", "Integer", False, frozenset({"User"}))])
    assert "extension_a_level" not in {column.name for column in known.columns}


def test_of_two_extension_properties_that_differ_only_in_case_one_is_a_column() -> None:
    names = ["extension_a_level", "extension_a_Level", "extension_a_x", "extension_a_x"]
    found = [ExtensionProperty(name, targets=frozenset({"User"})) for name in names]
    found.append(ExtensionProperty("extension_a_X", targets=frozenset({"Group"})))
    own = {column.name for column in CATALOG["users"].all_columns}
    columns = [column.name for column in with_extensions(CATALOG["users"], found).all_columns if column.name not in own]
    assert columns == ["extension_a_Level", "extension_a_x"]
    assert without_column(CATALOG["users"], found) == ["extension_a_level"]
    assert without_column(CATALOG["groups"], found) == []
