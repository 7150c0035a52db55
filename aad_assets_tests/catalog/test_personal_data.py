"""Every column has a class of personal data, and columns that mean the same have the same class."""

import re
from collections.abc import Iterator
from dataclasses import replace
from fnmatch import fnmatchcase

import pytest

from aad_assets.catalog import CATALOG, ENTITIES, Entity
from aad_assets.catalog.personal_data import PersonalData, UnclassifiedError, highest, personal_data
from aad_assets.catalog.personal_data_rules import ABOUT_OTHERS, ABOUT_PEOPLE, ANY, RULES, Rules
from aad_assets.catalog.references import references_of
from aad_assets.catalog.types import STRING, List, Struct, Type
from aad_assets.catalog.view import View
from aad_assets.catalog.views import VIEWS
from aad_assets.warehouse.forgetting.person import SUBJECTS

NONE, PSEUDONYMOUS, PERSONAL, SENSITIVE = PersonalData

PEOPLE, OTHERS = ABOUT_PEOPLE.split(), ABOUT_OTHERS.split()
DEFINED_TABLES = {*CATALOG, *(view.name for view in VIEWS)}
OWN_COLUMNS = ("_tenant_id", "_loaded_at", "_deleted_at", "_valid_from", "_valid_to", "_extra")

every_entity = pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.table)
every_view = pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)


def at_least(class_: PersonalData, least: PersonalData) -> bool:
    return highest([class_, least]) is class_


def parts(path: str, type_: Type) -> Iterator[tuple[str, Type]]:
    """Yield a column and the fields in it, each with its path."""
    yield path, type_
    while isinstance(type_, List):
        type_ = type_.item
    for name, field in type_.fields if isinstance(type_, Struct) else ():
        yield from parts(f"{path}.{name}", field)


def all_parts(entity: Entity) -> list[tuple[str, Type]]:
    return [part for column in entity.all_columns for part in parts(column.name, column.type)]


@every_entity
def test_every_column_of_a_table_has_a_class(entity: Entity) -> None:
    for path, _ in all_parts(entity):
        assert isinstance(personal_data(entity.table, path), PersonalData)


@every_view
def test_every_column_of_a_view_has_a_class(view: View) -> None:
    for column in view.columns:
        assert isinstance(personal_data(view.name, column.name), PersonalData)


def test_every_table_and_view_is_about_people_or_about_others() -> None:
    assert sorted([*PEOPLE, *OTHERS]) == sorted(DEFINED_TABLES)


@pytest.mark.parametrize("table", PEOPLE)
def test_a_new_column_of_a_table_about_people_has_to_be_classified(table: str) -> None:
    if table == "user_authentication_methods":  # All that is known about a method is sensitive.
        assert personal_data(table, "somethingNew") is SENSITIVE
        return
    with pytest.raises(UnclassifiedError, match=rf"personal_data_rules names {table}\.somethingNew\."):
        personal_data(table, "somethingNew")


def test_a_new_field_of_a_table_about_people_has_to_be_classified(monkeypatch: pytest.MonkeyPatch) -> None:
    new = Struct((("mail", STRING), ("shoeSize", STRING)))
    monkeypatch.setitem(CATALOG, "users", replace(CATALOG["users"], undeclared=(("somethingNew", new),)))

    assert personal_data("users", "somethingNew.mail") is PERSONAL
    with pytest.raises(UnclassifiedError, match=r"names users\.somethingNew\.shoeSize\."):
        personal_data("users", "somethingNew")


def test_an_unknown_table_is_an_error() -> None:
    with pytest.raises(KeyError, match="nothing_of_ours"):
        personal_data("nothing_of_ours", "id")


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("users.id", PSEUDONYMOUS),
        ("users.displayName", PERSONAL),
        ("users.mail", PERSONAL),
        ("users.userPrincipalName", PERSONAL),
        ("users.jobTitle", PERSONAL),
        ("users.state", PERSONAL),
        ("users.onPremisesImmutableId", PERSONAL),
        ("users.identities", PERSONAL),
        ("users.identities.signInType", NONE),
        ("users.accountEnabled", NONE),
        ("users.licenseAssignmentStates", NONE),
        ("users.ageGroup", SENSITIVE),
        ("users.employeeHireDate", SENSITIVE),
        ("users.customSecurityAttributes", SENSITIVE),
        ("users.passwordProfile", SENSITIVE),
        ("deleted_users.mobilePhone", PERSONAL),
        ("groups.displayName", NONE),
        ("groups.mail", PERSONAL),
        ("groups.membershipRule", NONE),
        ("applications.displayName", NONE),
        ("applications.notes", PERSONAL),
        ("service_principals.notificationEmailAddresses", PERSONAL),
        ("devices.deviceId", PSEUDONYMOUS),
        ("devices.displayName", PERSONAL),
        ("devices.approximateLastSignInDateTime", PERSONAL),
        ("organization.city", NONE),
        ("organization.technicalNotificationMails", PERSONAL),
        ("group_members.memberId", PSEUDONYMOUS),
        ("group_members.groupId", NONE),
        ("role_assignments.roleDefinitionId", NONE),
        ("role_assignment_schedule_requests.justification", PERSONAL),
        ("role_management_policies.rules", PERSONAL),
        ("conditional_access_policies.displayName", NONE),
        ("conditional_access_policies.conditions", PSEUDONYMOUS),
        ("conditional_access_policies.conditions.users.excludeUsers", PSEUDONYMOUS),
        ("conditional_access_policies.conditions.locations.excludeLocations", NONE),
        ("access_package_assignment_policies.requestApprovalSettings", PERSONAL),
        ("lifecycle_custom_task_extensions.createdById", PSEUDONYMOUS),
        ("identity_providers.inboundClaimMapping.email", NONE),
        ("user_sign_in_activity.signInActivity", PERSONAL),
        ("user_sign_in_activity.signInActivity.lastSignInRequestId", PSEUDONYMOUS),
        ("user_registration_details.methodsRegistered", SENSITIVE),
        ("user_authentication_methods.phoneNumber", SENSITIVE),
        ("user_authentication_methods.userId", PSEUDONYMOUS),
        ("risky_users.riskState", SENSITIVE),
        ("risky_users.userDisplayName", PERSONAL),
        ("risky_service_principals.riskState", NONE),
        ("risk_detections.ipAddress", SENSITIVE),
        ("service_principal_risk_detections.location.city", PERSONAL),
        ("sign_ins.id", PSEUDONYMOUS),
        ("sign_ins.correlationId", PSEUDONYMOUS),
        ("sign_ins.ipAddress", PERSONAL),
        ("sign_ins.deviceDetail", PERSONAL),
        ("sign_ins.deviceDetail.deviceId", PSEUDONYMOUS),
        ("sign_ins.deviceDetail.browser", NONE),
        ("sign_ins.location.geoCoordinates.latitude", SENSITIVE),
        ("sign_ins.appDisplayName", NONE),
        ("directory_audits.initiatedBy", PERSONAL),
        ("directory_audits.initiatedBy.user.ipAddress", PERSONAL),
        ("directory_audits.initiatedBy.app", NONE),
        ("directory_audits.targetResources", SENSITIVE),
        ("provisioning_events.sourceIdentity", PERSONAL),
        ("user_licenses.state", NONE),
        ("user_proxy_addresses.address", PERSONAL),
        ("role_settings.approverIds", PSEUDONYMOUS),
        ("directory_audit_modified_properties.newValue", SENSITIVE),
    ],
)
def test_well_known_columns(column: str, expected: PersonalData) -> None:
    table, _, path = column.partition(".")

    assert personal_data(table, path) is expected


def test_letter_case_does_not_count() -> None:
    assert personal_data("users", "MOBILEPHONE") is PERSONAL
    assert personal_data("sign_ins", "LOCATION.City") is SENSITIVE


@every_entity
def test_our_own_columns_have_a_class(entity: Entity) -> None:
    classes = {name: personal_data(entity.table, name) for name in OWN_COLUMNS}
    extra = classes.pop("_extra")

    assert set(classes.values()) == {NONE}
    assert at_least(extra, PERSONAL) is (entity.table in PEOPLE)
    assert at_least(extra, PERSONAL) or extra is NONE


def test_what_is_undeclared_is_sensitive_where_the_table_is() -> None:
    sensitive = {table for table in PEOPLE if table in CATALOG and personal_data(table, "_extra") is SENSITIVE}

    assert sensitive == {
        "user_authentication_methods",
        "risky_users",
        "risky_user_history",
        "risk_detections",
        "device_local_credentials",
        "bitlocker_recovery_keys",
    }


@pytest.mark.parametrize("entity", [each for each in ENTITIES if each.extensible], ids=lambda each: each.table)
def test_directory_extension_properties_have_a_class(entity: Entity) -> None:
    name = "extension_79792c45fece4326928afd91390dabcd_hrDivision"

    assert personal_data(entity.table, name) is (PERSONAL if entity.table in PEOPLE else NONE)


@every_entity
def test_a_struct_has_the_highest_class_of_its_fields(entity: Entity) -> None:
    classes = {path: personal_data(entity.table, path) for path, _ in all_parts(entity)}
    for path in classes:
        fields = [class_ for each, class_ in classes.items() if each.rpartition(".")[0] == path]
        assert not fields or classes[path] is highest(fields), path


@every_entity
def test_what_names_a_user_is_at_least_pseudonymous(entity: Entity) -> None:
    for reference in references_of(entity, CATALOG):
        if "users" in reference.targets:
            path = reference.column.replace("[]", "")
            assert at_least(personal_data(entity.table, path), PSEUDONYMOUS), path


@pytest.mark.parametrize("table", [table for table in PEOPLE if table in CATALOG])
def test_columns_by_which_a_person_is_forgotten_are_at_least_pseudonymous(table: str) -> None:
    for name in SUBJECTS & {column.name for column in CATALOG[table].all_columns}:
        assert at_least(personal_data(table, name), PSEUDONYMOUS), name


NAMES_AND_ADDRESSES = re.compile(r"(principalname|mails?|address(es)?|phones?|phonenumber)$", re.IGNORECASE)
NOT_PEOPLES = {
    "servicePrincipalName",
    "initiatedBy.app.servicePrincipalName",
    "inboundClaimMapping.email",  # the names of claims
    "inboundClaimMapping.address",
    "inboundClaimMapping.address.street_address",
}


@pytest.mark.parametrize("table", sorted(DEFINED_TABLES))
def test_names_and_addresses_are_at_least_personal(table: str) -> None:
    shown = [column.name for view in VIEWS if view.name == table for column in view.columns]
    for path in shown or [path for path, _ in all_parts(CATALOG[table])]:
        if NAMES_AND_ADDRESSES.search(path) and path not in NOT_PEOPLES:
            assert at_least(personal_data(table, path), PERSONAL), path


OF_SOMETHING_ELSE = {
    ("authentication_method_settings", "displayName"),  # of a method, not of the users that the view reads as well
}


@every_view
def test_a_column_of_a_view_is_not_below_the_column_of_the_same_name_that_the_view_reads(view: View) -> None:
    shown = {column.name for column in view.columns}
    for source in view.sources:
        for name in shown & set(source.columns):
            if (view.name, name) not in OF_SOMETHING_ELSE:
                assert at_least(personal_data(view.name, name), personal_data(source.table, name)), (source.table, name)


def names(entity: Entity) -> set[str]:
    """Return the paths of an entity's columns and fields, and the names of properties that are never columns."""
    return {*(path for path, _ in all_parts(entity)), *entity.omit, *entity.never_stored}


def written(rules: Rules) -> Iterator[tuple[str, PersonalData]]:
    for class_, listed in rules.names().items():
        yield from ((name, class_) for name in listed)


@pytest.mark.parametrize("rules", RULES, ids=lambda rules: " ".join(rules.tables.split()[:3]))
def test_every_rule_is_of_use(rules: Rules) -> None:
    tables = DEFINED_TABLES if rules.tables == ANY else set(rules.tables.split())
    known = {name for table in tables if table in CATALOG for name in names(CATALOG[table])}
    known |= {column.name for view in VIEWS if view.name in tables for column in view.columns}
    known |= {*OWN_COLUMNS, "extension_1_x"}
    # A path through JSON begins with a column.
    columns = {path.partition(".")[0] for path in known} | known

    assert tables <= DEFINED_TABLES
    for name, _ in written(rules):
        assert any(matches(name, path) for path in known) or name.rpartition(".")[0] in columns, name


def matches(name: str, path: str) -> bool:
    return fnmatchcase((path if "." in name else path.rpartition(".")[2]).lower(), name.lower())


@pytest.mark.parametrize("rules", RULES, ids=lambda rules: " ".join(rules.tables.split()[:3]))
def test_no_name_has_two_classes(rules: Rules) -> None:
    listed = [name.lower() for name, _ in written(rules)]

    assert sorted(set(listed)) == sorted(listed)


def test_the_highest_class_counts() -> None:
    assert highest([PERSONAL, NONE, SENSITIVE, PSEUDONYMOUS]) is SENSITIVE
    assert highest([PSEUDONYMOUS, NONE]) is PSEUDONYMOUS
    assert highest([]) is NONE
