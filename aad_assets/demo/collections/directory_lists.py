"""Lists of the directory beside its objects: settings, schemas, synchronisation, subscriptions, partners."""

from ..directory.rendering import Kind
from ..tenant import Directory
from .declaration import DIRECTORY_ROLES, Collection


def _federation(directory: Directory, parents: tuple[int, ...]) -> Kind:
    return directory.settings.federation(directory.tenant.domain_name(parents[-1]))


def _is_managed(directory: Directory, domain: int) -> bool:
    return not directory.tenant.is_federated(directory.tenant.domain_name(domain))


_ATTRIBUTE_ROLES = ("CustomSecAttributeDefinition.Read.All", "CustomSecAttributeDefinition.ReadWrite.All")
_GROUP_SETTING_ROLES = ("GroupSettings.Read.All", "GroupSettings.ReadWrite.All", "Group.Read.All", *DIRECTORY_ROLES)

COLLECTIONS = (
    Collection(
        "contracts",
        "/contracts",
        "contract",
        lambda directory, _: directory.cross_tenant.contracts,
        DIRECTORY_ROLES,
        cost=3,
    ),
    Collection(
        "directory_subscriptions",
        "/directory/subscriptions",
        "companySubscription",
        lambda directory, _: directory.settings.subscriptions,
        ("Organization.Read.All", "Organization.ReadWrite.All", *DIRECTORY_ROLES),
        page=None,
        scan=True,
    ),
    Collection(
        "schema_extensions",
        "/schemaExtensions",
        "schemaExtension",
        lambda directory, _: directory.settings.schemas,
        ("Application.Read.All", "Application.ReadWrite.All", *DIRECTORY_ROLES),
        page=None,
        server_page=100,
        scan=True,
    ),
    Collection(
        "custom_security_attribute_definitions",
        "/directory/customSecurityAttributeDefinitions",
        "customSecurityAttributeDefinition",
        lambda directory, _: directory.settings.attributes,
        _ATTRIBUTE_ROLES,
        page=None,
        scan=True,
    ),
    Collection(
        "custom_security_attribute_sets",
        "/directory/attributeSets",
        "attributeSet",
        lambda directory, _: directory.settings.attribute_sets,
        _ATTRIBUTE_ROLES,
        page=None,
    ),
    Collection(
        "on_premises_synchronization",
        "/directory/onPremisesSynchronization",
        "onPremisesDirectorySynchronization",
        lambda directory, _: directory.settings.synchronization,
        ("OnPremDirectorySynchronization.Read.All", "OnPremDirectorySynchronization.ReadWrite.All"),
        page=None,
    ),
    Collection(
        "domain_federation_configurations",
        "/domains/{id}/federationConfiguration",
        "internalDomainFederation",
        _federation,
        ("Domain-InternalFederation.Read.All", "Domain-InternalFederation.ReadWrite.All"),
        page=None,
        missing=_is_managed,
    ),
    Collection(
        "group_settings",
        "/groupSettings",
        "groupSetting",
        lambda directory, _: directory.settings.group_settings,
        _GROUP_SETTING_ROLES,
        page=None,
    ),
    Collection(
        "group_setting_templates",
        "/groupSettingTemplates",
        "groupSettingTemplate",
        lambda directory, _: directory.settings.group_templates,
        DIRECTORY_ROLES,
        page=None,
    ),
    Collection(
        "group_lifecycle_policies",
        "/groupLifecyclePolicies",
        "groupLifecyclePolicy",
        lambda directory, _: directory.settings.lifecycle,
        DIRECTORY_ROLES,
        page=None,
    ),
)
