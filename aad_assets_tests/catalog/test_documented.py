"""Every declaration against documented.csv: what Microsoft's reference says of each table, one line each.

The file is edited by hand when Microsoft changes a fact or a table is added: from the reference, never from the declarations.
"""

import csv
from pathlib import Path

import pytest

from aad_assets.catalog import CATALOG, Entity, Licence, Shape
from aad_assets.catalog.entity import OPT_IN_COLUMNS

Facts = dict[str, str]

DOCUMENTED: dict[str, Facts] = {
    row["table"]: row for row in csv.DictReader(Path(__file__).with_name("documented.csv").read_text("utf-8").splitlines())
}

SHAPES = {
    "list": Shape.LIST,
    "singleton": Shape.SINGLETON,
    "daily log": Shape.LOG,
    "action": Shape.ACTION,
    "function": Shape.STRINGS,
    "expand manager": Shape.EXPAND,
}
LICENCES = {"P1": Licence.P1, "P2": Licence.P2, "Governance": Licence.GOVERNANCE, "Workload ID": Licence.WORKLOAD, "": None}

TYPES = {
    "available_identity_provider_types": "identityProviderBase",  # The type whose page documents the function.
    "user_mailbox_purposes": "mailboxSettings",  # The type that has the value as a property.
}
"""The types of what Graph returns as plain values."""

SHARED = {"schema_extensions": "applications"}
"""Lists that all tenants share, each with the table that tells which rows are this tenant's."""

EXPANDED = {
    # Of the whole definition, only what an alert needs to be understood.
    "role_management_alerts": ("alertDefinition($select=id,displayName,severityLevel)", "alertConfiguration($select=id)"),
}
"""Links that the reference expands whole."""

# learn.microsoft.com/graph/api/appconsentrequest-list-userconsentrequests shows it in the response to a plain request.
COMES_BY_ITSELF = {"user_consent_requests": "approval"}

MANY = {"users", "groups", "service_principals"}
"""Tables with so many rows that a request for each is not cheap."""

FEW = {"agent_identity_sponsors", "agent_identity_blueprint_principal_sponsors"} | {
    table for table, facts in DOCUMENTED.items() if facts["shape"] == "per groups" and facts["licence"] == "P2"
}
"""Tables that are read for a few rows of those: agents, and groups in Privileged Identity Management."""

SLOW = {"risky_user_history"}
"""One request for each risky user, where Graph allows one per second."""

SERVICES = {
    "accessReviews": "access_reviews",
    "entitlementManagement": "entitlement_management",
    "lifecycleWorkflows": "lifecycle_workflows",
    "termsOfUse": "terms_of_use",
    "appConsent": "consent_requests",
    **dict.fromkeys(
        ("privilegedAccess", "roleManagementAlerts", "roleManagementPolicies", "roleManagementPolicyAssignments"),
        "privileged_access",
    ),
    "synchronization": "synchronization",
    "authentication": "authentication_methods",
    "mailboxSettings": "outlook",
    **dict.fromkeys(("delegatedAdminRelationships", "delegatedAdminCustomers"), "partners"),
    "recommendations": "recommendations",
}
"""Services behind Graph that throttle by themselves, by a part of the path. The reference lists no number for them."""

every_entity = pytest.mark.parametrize("entity", CATALOG.values(), ids=lambda entity: entity.table)


def test_every_documented_table_is_declared_and_no_other() -> None:
    assert set(CATALOG) == set(DOCUMENTED)
    assert len(DOCUMENTED) == 180


def _family(facts: Facts) -> str:
    parts = facts["path"].split("/")
    if parts[1:3] == ["roleManagement", "directory"] and "chedule" in parts[3]:  # assignments and eligibility in time
        return "privileged_access"
    return next((SERVICES[part] for part in parts if part in SERVICES), facts["family"])


@every_entity
def test_the_request_is_as_documented(entity: Entity) -> None:
    facts = DOCUMENTED[entity.table]
    assert entity.version == facts["version"]
    assert entity.versioned_path == facts["path"]
    assert entity.type == TYPES.get(entity.table, facts["type"])
    assert entity.page_size == (int(facts["page_size"]) if facts["page_size"] else None)
    assert entity.family == _family(facts)
    shape, _, parent = facts["shape"].partition("per ")
    assert entity.shape is (Shape.CHILDREN if parent else SHAPES[shape])
    assert entity.parent == (parent or SHARED.get(entity.table))


@every_entity
def test_the_needs_are_as_documented(entity: Entity) -> None:
    facts = DOCUMENTED[entity.table]
    assert entity.permissions == tuple(facts["permissions"].split(" + "))
    assert entity.app_only == (facts["app_only"] == "yes")
    assert entity.licence == LICENCES[facts["licence"]]


@every_entity
def test_the_rows_are_as_documented(entity: Entity) -> None:
    facts = DOCUMENTED[entity.table]
    assert entity.key == tuple(facts["key"].split(","))
    assert tuple(link.expand for link in entity.links) == EXPANDED.get(entity.table, _split(facts["links"], "; "))
    assert {*entity.inline, *entity.embedded} == {*_split(facts["inline"]), *_split(COMES_BY_ITSELF.get(entity.table, ""))}
    assert set(entity.embedded) <= {"grantControls.authenticationStrength", "domains", "approval"}, "the others need $expand"
    assert set(_split(facts["derived"])) <= set(entity.subtypes)
    assert set(_split(facts["extra"])) <= {name for name, _ in entity.undeclared}


@every_entity
def test_what_a_column_also_needs_is_as_documented(entity: Entity) -> None:
    live = entity.table.removeprefix("deleted_")  # A deleted object has the properties of a live one.
    needs = [need.partition("=")[::2] for need in _split(DOCUMENTED[live]["also_needs"], "; ")]
    documented = {column: tuple(permissions.split(" or ")) for column, permissions in needs}
    if live == "users":
        assert documented.pop("signInActivity") == ("AuditLog.Read.All",), "a table of its own has it"
    opt_in = {column: (OPT_IN_COLUMNS[column],) for column in entity.disabled_columns if column in documented}
    assert dict(entity.also_needs) | opt_in == documented


@every_entity
def test_a_table_is_on_if_it_only_reads_works_app_only_is_in_v1_and_is_cheap(entity: Entity) -> None:
    facts = DOCUMENTED[entity.table]
    needs_many = facts["shape"].removeprefix("per ") in MANY and entity.table not in FEW
    if facts["since"] == "1":
        assert entity.on == (entity.table != "user_authentication_methods"), "a table of an earlier release stays as it was"
    else:
        writes, beta = "ReadWrite" in facts["permissions"], facts["version"] == "beta"
        assert entity.on == (not (writes or beta or needs_many or facts["app_only"] == "no" or entity.table in SLOW))
    assert bool(entity.off_reason) == (not entity.on)


def _split(text: str, separator: str = " ") -> tuple[str, ...]:
    return tuple(text.split(separator)) if text else ()
