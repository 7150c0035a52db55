"""Conditional access: policies and Microsoft's templates for them.

What they speak of is in access_conditions.py; other policies are in policies.py and cross_tenant.py.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from . import groups
from .chance import guid
from .principals import GALLERY
from .rendering import Listed, Object

if TYPE_CHECKING:
    from .directory import Directory

_PRIVILEGED = (
    "Global Administrator",
    "Privileged Role Administrator",
    "Security Administrator",
    "Conditional Access Administrator",
    "Exchange Administrator",
    "User Administrator",
)
_TEMPLATES = (
    (
        "c7503427-338e-4c5e-902d-abe252abfb43",
        "Require multifactor authentication for admins",
        "secureFoundation,zeroTrust,protectAdmins",
    ),
    ("b8bda7f8-6584-4446-bce9-d871480e53fa", "Securing security info registration", "secureFoundation,zeroTrust,remoteWork"),
    (
        "0b2282f9-2862-4178-88b5-d79340b36cb8",
        "Block legacy authentication",
        "secureFoundation,zeroTrust,remoteWork,protectAdmins",
    ),
    (
        "a3d0a415-b068-4326-9251-f9cdf9feeb64",
        "Require multifactor authentication for all users",
        "secureFoundation,zeroTrust,remoteWork",
    ),
    (
        "d8c51a9a-e6b1-454d-86af-554e7872e2c1",
        "Require multifactor authentication for Azure management",
        "secureFoundation,zeroTrust,protectAdmins",
    ),
    (
        "927c884e-7888-4e81-abc4-bd56ded28985",
        "Require compliant or hybrid joined device for admins",
        "zeroTrust,remoteWork,protectAdmins",
    ),
    ("6b619f55-792e-45dc-9711-d83ec9d7ae90", "Require multifactor authentication for risky sign-ins", "zeroTrust,remoteWork"),
    ("634b6de7-c38d-4357-a2c7-3842706eedd7", "Require password change for high-risk users", "zeroTrust,remoteWork"),
)


class ConditionalAccess:
    """What decides who may sign in how; most of it is edited every few weeks."""

    def __init__(self, directory: "Directory") -> None:
        self._directory = directory
        self.policies = Listed("conditionalAccessPolicy", self._policies)
        self.templates = Listed("conditionalAccessTemplate", self._templates)

    def _id(self, *parts: object) -> str:
        return guid(self._directory.seed, "conditional access", *parts)

    def _templates(self) -> list[Object]:
        rows = []
        for n, (id_, name, scenarios) in enumerate(_TEMPLATES):
            block = name.startswith("Block")
            rows.append(
                {
                    "id": id_,
                    "description": f"{name}, as Microsoft recommends it.",
                    "details": {
                        "conditions": _conditions(
                            users={
                                "includeUsers": [] if "admins" in name else ["All"],
                                "excludeUsers": ["Current administrator"],
                            },
                            apps={"includeApplications": ["All"]},
                            types=["exchangeActiveSync", "other"] if block else ["all"],
                            signInRiskLevels=["high", "medium"] if "risky sign-ins" in name else [],
                            userRiskLevels=["high"] if "high-risk" in name else [],
                        ),
                        "grantControls": _grant(
                            ["block"] if block else ["mfa"] if n % 2 == 0 else ["compliantDevice", "mfa"]
                        ),
                        "sessionControls": _session(signInFrequency=_frequency(None)) if "risky" in name else None,
                    },
                    "name": name,
                    "scenarios": scenarios,
                }
            )
        return rows

    def _policies(self) -> list[Object]:
        directory, calendar = self._directory, self._directory.calendar
        rows = []
        for n, (name, state, conditions, grant, session) in enumerate(self._rules()):
            edits, when = directory.edits(name, 29)
            if state == "trial":
                state = ("enabledForReportingButNotEnforced", "enabled", "disabled")[edits % 3]
            rows.append(
                {
                    "deletedDateTime": None,
                    "conditions": conditions,
                    "createdDateTime": calendar.stamp(-900 + n * 31, n * 97),
                    "description": f"{name} (edited {edits} times)" if edits else name,
                    "displayName": f"CA{n + 1:03} {name}",
                    "grantControls": grant,
                    "id": self._id("policy", n),
                    "modifiedDateTime": when if edits or n % 3 else None,
                    "sessionControls": session,
                    "state": state,
                    "templateId": _TEMPLATES[n][0] if n < 3 else None,
                }
            )
        return rows

    def _rules(self) -> list[tuple[str, str, Object, Object | None, Object | None]]:
        """Name, state, conditions, grant and session controls of each policy."""
        directory = self._directory
        user, group = directory.people.ids.guid, directory.groups.ids.guid
        roles = [directory.roles.template(name) for name in _PRIVILEGED]
        app = [directory.principals.app_id(GALLERY + n) for n in range(3)]
        places = [str(row["id"]) for row in directory.access_conditions.locations.rows]
        emergency = [user(0), user(1)]
        everyone = {"includeUsers": ["All"], "excludeUsers": emergency}
        all_apps = {"includeApplications": ["All"]}
        strongest = directory.access_conditions.strengths.rows[2]
        terms = directory.governance.agreements.rows
        partner = {
            "guestOrExternalUserTypes": "b2bCollaborationGuest,b2bCollaborationMember",
            "externalTenants": {
                "@odata.type": "#microsoft.graph.conditionalAccessEnumeratedExternalTenants",
                "membershipKind": "enumerated",
                "members": [str(row["tenantId"]) for row in directory.cross_tenant.partners.rows[:2]],
            },
        }
        any_guest = {
            "guestOrExternalUserTypes": "internalGuest,b2bCollaborationGuest,otherExternalUser",
            "externalTenants": {
                "@odata.type": "#microsoft.graph.conditionalAccessAllExternalTenants",
                "membershipKind": "all",
            },
        }
        sp = [directory.principals.ids.guid(key) for key in directory.principals.sample(2)]
        return [
            (
                "Administrators: phishing-resistant sign-in",
                "enabled",
                _conditions({"includeRoles": roles, "excludeUsers": emergency}, all_apps),
                _grant([], strength=strongest),
                _session(signInFrequency=_frequency(4), persistentBrowser={"mode": "never", "isEnabled": True}),
            ),
            (
                "Security information: from trusted places",
                "enabled",
                _conditions(
                    {**everyone, "excludeGroups": [group(groups.HELPDESK)]},
                    {"includeUserActions": ["urn:user:registersecurityinfo"]},
                    locations={"includeLocations": ["All"], "excludeLocations": ["AllTrusted", places[1]]},
                ),
                _grant(["mfa"]),
                None,
            ),
            (
                "Legacy authentication: blocked",
                "enabled",
                _conditions(
                    {**everyone, "excludeGroups": [group(groups.AUTOMATION)]}, all_apps, ["exchangeActiveSync", "other"]
                ),
                _grant(["block"]),
                None,
            ),
            (
                "Everyone: multifactor authentication",
                "enabled",
                _conditions(everyone, {**all_apps, "excludeApplications": [app[1]]}),
                _grant(["mfa"]),
                None,
            ),
            (
                "Guests: multifactor authentication and terms of use",
                "enabled",
                _conditions({"includeGuestsOrExternalUsers": any_guest, "excludeGuestsOrExternalUsers": partner}, all_apps),
                _grant(["mfa"], "AND", terms=[str(terms[0]["id"])]),
                _session(signInFrequency=_frequency(12)),
            ),
            (
                "Engineering: managed devices only",
                "trial",
                _conditions(
                    {"includeGroups": [group(groups.ENGINEERING)], "excludeUsers": emergency},
                    {"includeApplications": [app[0], app[2]]},
                    ["browser", "mobileAppsAndDesktopClients"],
                    platforms={"includePlatforms": ["all"], "excludePlatforms": ["linux"]},
                    devices={"deviceFilter": {"mode": "exclude", "rule": 'device.extensionAttribute1 -eq "site-3"'}},
                ),
                _grant(["compliantDevice", "domainJoinedDevice"]),
                None,
            ),
            (
                "Mobile: approved apps",
                "enabled",
                _conditions(
                    {"includeGroups": [group(groups.SALES), group(groups.ALL)], "excludeGroups": [group(groups.GUESTS)]},
                    {"includeApplications": ["Office365"]},
                    ["mobileAppsAndDesktopClients"],
                    platforms={"includePlatforms": ["android", "iOS"], "excludePlatforms": []},
                ),
                _grant(["approvedApplication", "compliantApplication"]),
                None,
            ),
            (
                "Embargoed countries: blocked",
                "enabled",
                _conditions(everyone, all_apps, locations={"includeLocations": [places[4]], "excludeLocations": [places[0]]}),
                _grant(["block"]),
                None,
            ),
            (
                "Risky users: new password",
                "enabled",
                _conditions(everyone, all_apps, userRiskLevels=["high"], insiderRiskLevels="elevated"),
                _grant(["mfa", "passwordChange"], "AND"),
                _session(signInFrequency=_frequency(None)),
            ),
            (
                "Risky sign-ins: multifactor authentication",
                "trial",
                _conditions(everyone, all_apps, signInRiskLevels=["medium", "high"]),
                _grant(["mfa"]),
                _session(signInFrequency=_frequency(None), disableResilienceDefaults=True),
            ),
            (
                "Workload identities: only from our networks",
                "enabledForReportingButNotEnforced",
                _conditions(
                    {"includeUsers": ["None"]},
                    all_apps,
                    locations={"includeLocations": ["All"], "excludeLocations": places[:2]},
                    clientApplications={
                        "includeServicePrincipals": ["ServicePrincipalsInMyTenant"],
                        "excludeServicePrincipals": sp,
                        "servicePrincipalFilter": None,
                    },
                    servicePrincipalRiskLevels=["high"],
                ),
                _grant(["block"]),
                None,
            ),
            (
                "Device code flow: blocked",
                "trial",
                _conditions(
                    everyone, all_apps, authenticationFlows={"transferMethods": "deviceCodeFlow,authenticationTransfer"}
                ),
                _grant(["block"]),
                None,
            ),
            (
                "Confidential sites: web only, watched",
                "enabled",
                _conditions(
                    {"includeUsers": [user(2), user(3)], "includeGroups": [group(groups.NESTED)]},
                    {
                        "includeAuthenticationContextClassReferences": ["c1"],
                        "applicationFilter": {
                            "mode": "include",
                            "rule": 'CustomSecurityAttribute.Engineering_Project -contains "Falcon"',
                        },
                    },
                    ["browser"],
                ),
                None,
                _session(
                    applicationEnforcedRestrictions={"isEnabled": True},
                    cloudAppSecurity={"cloudAppSecurityType": "monitorOnly", "isEnabled": True},
                    secureSignInSession={"isEnabled": True},
                ),
            ),
        ]


def _conditions(users: Object, apps: Object, types: Sequence[str] = ("all",), **others: Any) -> Object:
    """conditionalAccessConditionSet; what is left out is empty or null, as Graph answers it."""
    who: Object = {f"{verb}{what}": [] for what in ("Users", "Groups", "Roles") for verb in ("include", "exclude")}
    guests = {"includeGuestsOrExternalUsers": None, "excludeGuestsOrExternalUsers": None}
    which: Object = {
        "includeApplications": [],
        "excludeApplications": [],
        "includeUserActions": [],
        "includeAuthenticationContextClassReferences": [],
        "applicationFilter": None,
    }
    return {
        "userRiskLevels": [],
        "signInRiskLevels": [],
        "clientAppTypes": list(types),
        "servicePrincipalRiskLevels": [],
        "insiderRiskLevels": None,
        "platforms": None,
        "locations": None,
        "devices": None,
        "clientApplications": None,
        "authenticationFlows": None,
        "applications": {**which, **apps},
        "users": {**who, **guests, **users},
        **others,
    }


def _grant(controls: list[str], operator: str = "OR", terms: Sequence[str] = (), strength: Object | None = None) -> Object:
    return {
        "operator": operator,
        "builtInControls": controls,
        "customAuthenticationFactors": [],
        "termsOfUse": list(terms),
        "authenticationStrength": strength,
    }


def _session(**controls: Any) -> Object:
    return {
        "disableResilienceDefaults": None,
        "applicationEnforcedRestrictions": None,
        "cloudAppSecurity": None,
        "signInFrequency": None,
        "persistentBrowser": None,
        "secureSignInSession": None,
        **controls,
    }


def _frequency(hours: int | None) -> Object:
    """Sign in again after so many hours; None: every time."""
    return {
        "value": hours,
        "type": "hours" if hours else None,
        "authenticationType": "primaryAndSecondaryAuthentication",
        "frequencyInterval": "timeBased" if hours else "everyTime",
        "isEnabled": True,
    }
