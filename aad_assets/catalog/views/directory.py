"""Licences, service plans, sign-in identities and addresses of users."""

from aad_assets.catalog.enums import Group
from aad_assets.catalog.view import TENANT, SourceTable, View, ViewColumn

_USER_ID = ViewColumn("userId", "The user: `users.id`.")
_UPN = ViewColumn("userPrincipalName", "The user's sign-in name.")
_USER_NAME = ViewColumn("userDisplayName", "The user's display name.")
_USER_ENABLED = ViewColumn("accountEnabled", "Whether the user can sign in.", "BOOLEAN")
_USER = ("id", "userPrincipalName", "displayName", "accountEnabled")

VIEWS = (
    View(
        name="user_licenses",
        group=Group.DIRECTORY,
        description="One row per user, licence and assignment, which is direct or through a group. Failed assignments are "
        "included; `isAssigned` says whether the user has the licence.",
        sources=(
            SourceTable("users", (*_USER, "assignedLicenses", "licenseAssignmentStates")),
            SourceTable("subscribed_skus", ("skuId", "skuPartNumber", "servicePlans")),
            SourceTable("groups", ("id", "displayName")),
        ),
        columns=(
            TENANT,
            _USER_ID,
            ViewColumn("skuId", "The licence: `subscribed_skus.skuId`."),
            ViewColumn("groupId", "The group that it is assigned through: `groups.id`. NULL if assigned directly."),
            _UPN,
            _USER_NAME,
            _USER_ENABLED,
            ViewColumn(
                "skuPartNumber", "The licence's name, such as `SPE_E5`. NULL if the tenant no longer subscribes to it."
            ),
            ViewColumn("isAssigned", "Whether the user has the licence, through any assignment.", "BOOLEAN"),
            ViewColumn("assignedBy", "`direct` or `group`. NULL if Graph does not say."),
            ViewColumn("groupDisplayName", "The group's name."),
            ViewColumn("state", "The state of this assignment: `Active`, `ActiveWithError`, `Disabled`, `Error`."),
            ViewColumn("error", "Why the assignment failed, such as `CountViolation`. `None` if it did not."),
            ViewColumn("lastUpdatedDateTime", "When the assignment last changed.", "TIMESTAMPTZ"),
            ViewColumn("disabledPlans", "The ids of the service plans that this assignment leaves out.", "VARCHAR[]"),
            ViewColumn("disabledPlanNames", "The names of these service plans, in the same order.", "VARCHAR[]"),
        ),
        purpose="Licences of accounts that cannot sign in, by licence.",
        query="SELECT skuPartNumber, count(DISTINCT userId) AS users\nFROM aad.user_licenses\n"
        "WHERE isAssigned AND NOT accountEnabled\nGROUP BY skuPartNumber\nORDER BY users DESC",
    ),
    View(
        name="effective_licences",
        group=Group.DIRECTORY,
        description="One row per user and licence that the user has, with every way that it comes from.",
        sources=(
            SourceTable("users", (*_USER, "assignedLicenses", "licenseAssignmentStates")),
            SourceTable("subscribed_skus", ("skuId", "skuPartNumber", "servicePlans")),
            SourceTable("groups", ("id", "displayName")),
        ),
        columns=(
            TENANT,
            _USER_ID,
            ViewColumn("skuId", "The licence: `subscribed_skus.skuId`."),
            _UPN,
            _USER_NAME,
            _USER_ENABLED,
            ViewColumn(
                "skuPartNumber", "The licence's name, such as `SPE_E5`. NULL if the tenant no longer subscribes to it."
            ),
            ViewColumn("isDirect", "Whether it is assigned directly. NULL if Graph does not say.", "BOOLEAN"),
            ViewColumn("groupIds", "The groups that it is assigned through: `groups.id`.", "VARCHAR[]"),
            ViewColumn("groupDisplayNames", "The names of these groups, in the same order.", "VARCHAR[]"),
            ViewColumn("disabledPlans", "The ids of the service plans that are turned off in every way.", "VARCHAR[]"),
            ViewColumn("enabledPlanNames", "The names of the user's service plans in the licence.", "VARCHAR[]"),
        ),
        purpose="Licences that users have twice: directly and through a group, or through several groups.",
        query="SELECT userPrincipalName, skuPartNumber, isDirect, groupDisplayNames\nFROM aad.effective_licences\n"
        "WHERE len(groupIds) + isDirect::INTEGER > 1\nORDER BY ALL",
    ),
    View(
        name="group_membership_named",
        group=Group.DIRECTORY,
        description="One row per group and direct member, with the names of both.",
        sources=(
            SourceTable("group_members", ("groupId", "memberId", "memberType")),
            SourceTable("groups", ("id", "displayName", "mail", "securityEnabled", "groupTypes")),
            SourceTable("users", _USER),
            SourceTable("devices", ("id", "displayName", "deviceId", "accountEnabled")),
            SourceTable("service_principals", ("id", "displayName", "appId", "accountEnabled")),
            SourceTable("org_contacts", ("id", "displayName", "mail")),
        ),
        columns=(
            TENANT,
            ViewColumn("groupId", "The group: `groups.id`."),
            ViewColumn("memberId", "The member: the `id` of a row of the table that `memberType` means."),
            ViewColumn("memberType", "`user`, `group`, `device`, `servicePrincipal` or `orgContact`."),
            ViewColumn("groupDisplayName", "The group's name."),
            ViewColumn("memberDisplayName", "The member's name."),
            ViewColumn(
                "memberName",
                "What identifies the member to people: a user principal name, the mail address of a group or contact, a "
                "device id or an app id.",
            ),
            ViewColumn("memberEnabled", "Whether a user, device or service principal is turned on.", "BOOLEAN"),
            ViewColumn("groupSecurityEnabled", "Whether the group is a security group.", "BOOLEAN"),
            ViewColumn("isDynamic", "Whether a rule decides who is a member.", "BOOLEAN"),
        ),
        purpose="Members of security groups that cannot sign in.",
        query="SELECT groupDisplayName, memberName, memberType\nFROM aad.group_membership_named\n"
        "WHERE groupSecurityEnabled AND NOT memberEnabled\nORDER BY ALL",
    ),
    View(
        name="user_service_plans",
        group=Group.DIRECTORY,
        description="One row per user and service plan (Exchange, Teams, Entra ID P2, …) that Graph lists for the user, with "
        "the licences that include it. Removed plans stay listed with the status `Deleted`.",
        sources=(
            SourceTable("users", (*_USER, "assignedPlans", "assignedLicenses")),
            SourceTable("subscribed_skus", ("skuId", "skuPartNumber", "servicePlans")),
        ),
        columns=(
            TENANT,
            _USER_ID,
            ViewColumn("servicePlanId", "The service plan's id."),
            _UPN,
            _USER_NAME,
            _USER_ENABLED,
            ViewColumn(
                "servicePlanName",
                "The plan's name, such as `EXCHANGE_S_ENTERPRISE`. NULL if no licence of the tenant includes it.",
            ),
            ViewColumn("service", "The service that the plan belongs to, such as `exchange`."),
            ViewColumn("capabilityStatus", "`Enabled`, `Warning`, `Suspended`, `Deleted`, `LockedOut`."),
            ViewColumn("assignedDateTime", "When the plan was assigned.", "TIMESTAMPTZ"),
            ViewColumn("skuPartNumbers", "The user's licences that include the plan and have it turned on.", "VARCHAR[]"),
        ),
        purpose="How many users have each plan, and through which licences.",
        query="SELECT servicePlanName, skuPartNumbers, count(DISTINCT userId) AS users\nFROM aad.user_service_plans\n"
        "WHERE capabilityStatus = 'Enabled'\nGROUP BY ALL\nORDER BY users DESC",
    ),
    View(
        name="user_identities",
        group=Group.DIRECTORY,
        description="One row per user and sign-in identity: user principal name, e-mail, federated and social identities.",
        sources=(SourceTable("users", (*_USER, "userType", "externalUserState", "identities")),),
        columns=(
            TENANT,
            _USER_ID,
            ViewColumn("signInType", "`userPrincipalName`, `emailAddress`, `userName`, `federated`, …"),
            ViewColumn("issuer", "The issuer of the identity: a domain of the tenant, `facebook.com`, `ExternalAzureAD`, …"),
            ViewColumn("issuerAssignedId", "The user's name or id at the issuer. NULL for some guests."),
            _UPN,
            _USER_NAME,
            _USER_ENABLED,
            ViewColumn("userType", "`Member` or `Guest`."),
            ViewColumn("externalUserState", "State of a guest's invitation: `PendingAcceptance` or `Accepted`."),
        ),
        purpose="Where guests come from.",
        query="SELECT issuer, signInType, count(*) AS guests\nFROM aad.user_identities\nWHERE userType = 'Guest'\n"
        "GROUP BY ALL\nORDER BY guests DESC",
    ),
    View(
        name="user_proxy_addresses",
        group=Group.DIRECTORY,
        description="One row per user and proxy address, split into its parts.",
        sources=(SourceTable("users", (*_USER, "mail", "proxyAddresses")),),
        columns=(
            TENANT,
            _USER_ID,
            ViewColumn("proxyAddress", "Graph's value, such as `SMTP:anna@contoso.com`."),
            ViewColumn("protocol", "The part before the colon, in lower case: `smtp`, `sip`, `x500`. NULL if there is none."),
            ViewColumn("address", "The part after the colon."),
            ViewColumn("domain", "The domain of an `smtp` or `sip` address, in lower case."),
            ViewColumn(
                "isPrimary", "Whether it is the primary address of its protocol, which Graph writes in upper case.", "BOOLEAN"
            ),
            _UPN,
            _USER_NAME,
            _USER_ENABLED,
            ViewColumn("mail", "The user's mail address."),
        ),
        purpose="Addresses that prevent the removal of a domain.",
        query="SELECT domain, protocol, isPrimary, count(*) AS addresses, count(DISTINCT userId) AS users\n"
        "FROM aad.user_proxy_addresses\nWHERE domain IS NOT NULL\nGROUP BY ALL\nORDER BY ALL",
    ),
)
