"""The contents of conditional access policies and named locations."""

from aad_assets.catalog.enums import Group
from aad_assets.catalog.view import TENANT, SourceTable, View, ViewColumn

VIEWS = (
    View(
        name="conditional_access_assignments",
        group=Group.CONDITIONAL_ACCESS,
        description="One row per conditional access policy and item that it includes or excludes: users, groups, roles, "
        "guests, applications, locations, platforms, client apps, risk levels and filters.",
        sources=(
            SourceTable("conditional_access_policies", ("id", "displayName", "state", "conditions")),
            SourceTable("users", ("id", "displayName")),
            SourceTable("groups", ("id", "displayName")),
            SourceTable("role_definitions", ("id", "displayName")),
            SourceTable("service_principals", ("id", "appId", "displayName")),
            SourceTable("named_locations", ("id", "displayName")),
            SourceTable("authentication_context_class_references", ("id", "displayName")),
        ),
        columns=(
            TENANT,
            ViewColumn("policyId", "The policy: `conditional_access_policies.id`."),
            ViewColumn(
                "kind",
                "`user`, `group`, `role`, `guest`, `application`, `applicationFilter`, `userAction`, "
                "`authenticationContext`, `servicePrincipal`, `servicePrincipalFilter`, `location`, `platform`, "
                "`deviceFilter`, `clientAppType`, "
                "`signInRisk`, `userRisk`, `servicePrincipalRisk`, `insiderRisk`, `authenticationFlow`.",
            ),
            ViewColumn("mode", "`include` or `exclude`."),
            ViewColumn(
                "value",
                "The id, the rule of a filter, or the keyword in the policy: `All`, `None`, `GuestsOrExternalUsers`, "
                "`Office365`, `AllTrusted`, `mobileAppsAndDesktopClients`, `high`, …",
            ),
            ViewColumn("policyDisplayName", "The policy's name."),
            ViewColumn("policyState", "`enabled`, `disabled`, `enabledForReportingButNotEnforced`."),
            ViewColumn("displayName", "The name of the object whose id is `value`."),
            ViewColumn("externalTenants", "The tenants that the guests of this row come from.", "JSON"),
        ),
        purpose="Exclusions from enforced policies. The name is NULL if the object has been deleted since.",
        query="SELECT policyDisplayName, kind, displayName, value\nFROM aad.conditional_access_assignments\n"
        "WHERE policyState = 'enabled' AND mode = 'exclude' AND kind IN ('user', 'group', 'role')\nORDER BY ALL",
    ),
    View(
        name="named_location_contents",
        group=Group.CONDITIONAL_ACCESS,
        description="One row per named location and IP range or country.",
        sources=(
            SourceTable(
                "named_locations",
                (
                    "id",
                    "displayName",
                    "isTrusted",
                    "ipRanges",
                    "countriesAndRegions",
                    "countryLookupMethod",
                    "includeUnknownCountriesAndRegions",
                ),
            ),
        ),
        columns=(
            TENANT,
            ViewColumn("locationId", "The named location: `named_locations.id`."),
            ViewColumn("kind", "`ipRange` or `country`."),
            ViewColumn(
                "value",
                "The range (`203.0.113.0/24`, or `203.0.113.1-203.0.113.9`), or the country's two-letter code. `unknown` "
                "stands for addresses without a known country.",
            ),
            ViewColumn("locationDisplayName", "The named location's name."),
            ViewColumn("isTrusted", "Whether IP ranges are marked as trusted. NULL for countries.", "BOOLEAN"),
            ViewColumn(
                "countryLookupMethod",
                "How a country is found: `clientIpAddress` or `authenticatorAppGps`. NULL for IP ranges.",
            ),
        ),
        purpose="Trusted IP ranges, the largest first. Sign-ins from a trusted range are often exempt from MFA.",
        query="SELECT value, locationDisplayName\nFROM aad.named_location_contents\nWHERE kind = 'ipRange' AND isTrusted\n"
        "ORDER BY TRY_CAST(split_part(value, '/', 2) AS INTEGER), value",
    ),
)
