"""$expand: what rows hold of the objects they lead to (learn.microsoft.com/graph/query-parameters#expand)."""

from typing import Any

import msgspec
import pytest

from aad_assets.demo.collections import BY_TABLE, COLLECTIONS, Collection
from aad_assets.demo.directory.rendering import NAVIGATION, Listed
from aad_assets.demo.protocol.errors import GraphError
from aad_assets.demo.protocol.odata import parse
from aad_assets.demo.protocol.selection import properties, shape

from .tenants import directory

PACKAGE = {
    "id": "p1",
    "displayName": "Sales",
    "catalog": {"id": "c1", "displayName": "General", "state": "published"},
    "resourceRoleScopes": [
        {"id": "s1", "createdDateTime": None, "role": {"id": "r1", "originId": "Member", "resource": None}}
    ],
}
ENTITY = "https://graph.example/v1.0/$metadata#identityGovernance/entitlementManagement/accessPackages"


def shown(query: str, row: Any = PACKAGE, collection: Collection = BY_TABLE["access_packages"]) -> Any:
    """Return the row as a request with this query shows it."""
    kind = Listed(collection.type, lambda: [row])
    rows = shape(collection, kind, parse(query, False), frozenset(), ENTITY)
    return msgspec.json.decode(rows(directory(), (0,))[0])


def test_nothing_comes_without_expand() -> None:
    assert not {"catalog", "resourceRoleScopes"} & shown("").keys()


def test_an_object_comes_whole_without_a_select_inside() -> None:
    assert shown("$select=id&$expand=catalog") == {"id": "p1", "catalog": PACKAGE["catalog"]}


def test_select_and_expand_inside() -> None:
    found = shown("$select=displayName&$expand=catalog($select=id),resourceRoleScopes($expand=role($select=originId))")
    at = f"{ENTITY}('p1')/resourceRoleScopes"
    scopes = [{"id": "s1", "createdDateTime": None, "role": {"originId": "Member"}}]
    assert found == {
        "displayName": "Sales",
        "catalog": {"id": "c1"},
        "resourceRoleScopes@odata.context": at,
        "resourceRoleScopes": scopes,
    }


def test_what_leads_nowhere_is_null() -> None:
    assert shown("$select=id&$expand=catalog($select=id)", {"id": "p2"}) == {"id": "p2", "catalog": None}


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("$expand=incompatibleGroups", "Could not find a property named 'incompatibleGroups'"),
        ("$expand=catalog($select=nothing)", "Could not find a property named 'nothing'"),
        ("$expand=resourceRoleScopes($expand=nothing)", "Could not find a property named 'nothing'"),
        ("$expand=catalog($select=id", "Syntax error"),
        ("$expand=catalog($top=1)", "Syntax error"),
        ("$select=catalog", "Could not find a property named 'catalog'"),
    ],
)
def test_what_cannot_be_expanded(query: str, text: str) -> None:
    with pytest.raises(GraphError, match=text) as refused:
        shown(query)
    assert refused.value.status == 400


EMBEDDING = msgspec.structs.replace(
    BY_TABLE["conditional_access_policies"], embedded=frozenset({"grantControls.authenticationStrength"})
)


@pytest.mark.parametrize("strength", [None, {"id": "s1", "displayName": "Phishing-resistant"}])
def test_an_embedded_object_inside_a_complex_value_says_where_it_is_from(strength: Any) -> None:
    row = {"id": "p1", "grantControls": {"operator": "OR", "authenticationStrength": strength}}
    controls = shown("", row, EMBEDDING)["grantControls"]
    assert (
        controls.pop("authenticationStrength@odata.context") == f"{ENTITY}('p1')/grantControls/authenticationStrength/$entity"
    )
    assert controls == row["grantControls"]
    assert shown("$select=id", row, EMBEDDING) == {"id": "p1"}
    assert shown("", {"id": "p2", "grantControls": None}, EMBEDDING)["grantControls"] is None


def test_embedded_lists_come_by_themselves_or_when_selected() -> None:
    collection = msgspec.structs.replace(
        BY_TABLE["authentication_strength_policies"], embedded=frozenset({"combinationConfigurations"})
    )
    row = {
        "id": "p1",
        "combinationConfigurations": [{"@odata.type": "#microsoft.graph.fido2CombinationConfiguration", "id": "f"}],
    }
    name = "combinationConfigurations"
    assert shown("", row, collection)[name] == row[name]
    assert shown(f"$select={name}", row, collection) == {
        f"{name}@odata.context": f"{ENTITY}('p1')/{name}",
        name: row[name],
    }
    assert shown("$select=id", row, collection) == {"id": "p1"}


def test_the_context_names_what_was_expanded() -> None:
    options = parse("$select=id&$expand=catalog($select=id),resourceRoleScopes", False)
    assert properties(options) == "(id,catalog(id),resourceRoleScopes())"


def test_navigation_properties_are_known() -> None:
    for collection in (each for each in COLLECTIONS if not each.cast):
        named = {name for name in collection.expands | collection.embedded if "." not in name}
        assert named <= NAVIGATION.get(collection.type, {}).keys(), collection.table
