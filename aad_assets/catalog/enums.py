"""The vocabulary of declarations: what an entity can be, as enumerations."""

from enum import StrEnum


class Version(StrEnum):
    """Versions of Graph. Microsoft may change beta at any time."""

    V1 = "v1.0"
    BETA = "beta"


class Shape(StrEnum):
    """The way in which Graph returns an entity."""

    LIST = "list"
    """One collection, page by page."""
    SINGLETON = "singleton"
    """A single object at the path itself."""
    CHILDREN = "children"
    """One collection, or one object, for each row of a parent entity."""
    EXPAND = "expand"
    """A list whose rows include one related object, requested by `$expand`. Each row is an edge to that object."""
    STRINGS = "strings"
    """A function that returns strings, not objects."""
    ACTION = "action"
    """A list that is requested by POST."""
    LOG = "log"
    """A list of events, read by UTC days and merged into the table, which keeps them after Graph deletes them."""


class Protection(StrEnum):
    """Ways to store something else in place of a value, by their names in the connection metadata."""

    PSEUDONYMISE = "pseudonymise"
    """A hash with a secret key: the same for the same value in every table."""
    TRUNCATE = "truncate"
    """An IP address without the part that names a device."""


class PersonalData(StrEnum):
    """Classes of columns by how much they say about people, in ascending order. docs/tables/README.md defines them."""

    NONE = "none"
    """Nothing about a person by itself: states, types, dates, names of apps, groups, policies and organizations."""
    PSEUDONYMOUS = "pseudonymous"
    """An identifier that leads to a person only through another table or system."""
    PERSONAL = "personal"
    """Names, addresses and descriptions of people, and text that they write."""
    SENSITIVE = "sensitive"
    """The data that harm a person most if they leak."""


class Group(StrEnum):
    """Groups of the asset graph, each of at most 25 assets, so that the graph can be read."""

    DIRECTORY = "directory"
    RECYCLE_BIN = "recycle_bin"
    TENANT = "tenant"
    RELATIONSHIPS = "relationships"
    ACCESS = "access"
    PRIVILEGED_ACCESS = "privileged_access"
    CONDITIONAL_ACCESS = "conditional_access"
    POLICIES = "policies"
    EXTERNAL_IDENTITIES = "external_identities"
    GOVERNANCE = "governance"
    ENTITLEMENTS = "entitlements"
    SECURITY = "security"
    LOGS = "logs"


class Family(StrEnum):
    """Groups of APIs that share a throttling quota (learn.microsoft.com/graph/throttling-limits).

    The second half are services of their own behind Graph, for which Microsoft documents no number, and which the page does
    not count among the directory's resources. A 429 of one of them says nothing about the others.
    """

    DIRECTORY = "directory"
    KEY_CREDENTIALS = "key_credentials"
    REPORTS = "reports"
    PROTECTION = "protection"
    SIGN_IN_ACTIVITY = "sign_in_activity"
    IDENTITY_PROVIDERS = "identity_providers"
    SECURITY = "security"
    ACCESS_REVIEWS = "access_reviews"
    ENTITLEMENT_MANAGEMENT = "entitlement_management"
    PRIVILEGED_ACCESS = "privileged_access"
    LIFECYCLE_WORKFLOWS = "lifecycle_workflows"
    TERMS_OF_USE = "terms_of_use"
    CONSENT_REQUESTS = "consent_requests"
    SYNCHRONIZATION = "synchronization"
    AUTHENTICATION_METHODS = "authentication_methods"
    OUTLOOK = "outlook"
    PARTNERS = "partners"
    RECOMMENDATIONS = "recommendations"


class Licence(StrEnum):
    """Licences that a tenant needs beyond Microsoft Entra ID Free, by Microsoft's product names."""

    P1 = "Microsoft Entra ID P1"
    P2 = "Microsoft Entra ID P2"
    GOVERNANCE = "Microsoft Entra ID Governance"
    WORKLOAD = "Microsoft Entra Workload ID"
