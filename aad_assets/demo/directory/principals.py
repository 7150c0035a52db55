"""Service principals (Microsoft's own, gallery apps, managed identities, one per app registration), and what is granted to
and on them: app role assignments and delegated permission grants."""

import base64
from collections.abc import Sequence
from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING

from . import applications, permissions
from .chance import Ids, guid, spread
from .edges import edge, edges, target
from .population import EARLIER
from .rendering import Object, Plain

if TYPE_CHECKING:
    from .directory import Directory

_MICROSOFT_TENANT = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"
_MICROSOFT = (
    (permissions.GRAPH_APP_ID, "Microsoft Graph"),
    ("00000002-0000-0ff1-ce00-000000000000", "Office 365 Exchange Online"),
    ("00000003-0000-0ff1-ce00-000000000000", "Office 365 SharePoint Online"),
    ("00000002-0000-0000-c000-000000000000", "Windows Azure Active Directory"),
    ("797f4846-ba00-4fd7-ba43-dac1f8f63013", "Windows Azure Service Management API"),
    ("cc15fd57-2c6c-4117-a88c-83b1d56b4bbe", "Microsoft Teams Services"),
    ("0000000a-0000-0000-c000-000000000000", "Microsoft Intune"),
    ("00000009-0000-0000-c000-000000000000", "Power BI Service"),
    ("c5393580-f805-4401-95e8-94b7a6ef2fc2", "Office 365 Management APIs"),
    ("1fec8e78-bce4-4aaf-ab1b-5451cc387264", "Microsoft Teams"),
    ("04b07795-8ddb-461a-bbee-02f9e1bf7b46", "Microsoft Azure CLI"),
    ("1950a258-227b-4e31-a9cf-717495945fc2", "Microsoft Azure PowerShell"),
)
_GALLERY = (
    "Salesforce",
    "ServiceNow",
    "Slack",
    "Zoom",
    "Workday",
    "GitHub Enterprise Cloud",
    "Jira Cloud",
    "DocuSign",
)
_IDENTITIES = 4
GALLERY, _IDENTITIES_AT, _APPS_AT = 100, 200, 1000
_ROLE_BITS = 10
_DEFAULT_ROLE = "00000000-0000-0000-0000-000000000000"
GRAPH = 0


def principal_of(app: int) -> int:
    """The key of the service principal of one of the tenant's own apps."""
    return _APPS_AT + app


class Principals:
    """All service principals of the tenant on one day."""

    def __init__(self, directory: "Directory") -> None:
        self._directory = directory
        self._apps = directory.applications
        self.ids = Ids(directory.seed, "servicePrincipal")
        self._keys: list[int] = [
            *range(len(_MICROSOFT)),
            *range(GALLERY, GALLERY + len(_GALLERY)),
            *range(_IDENTITIES_AT, _IDENTITIES_AT + _IDENTITIES),
            *(_APPS_AT + app for app in self._apps.population.active),
        ]
        self._living = frozenset(self._keys)
        self.kind = Plain(
            "servicePrincipal",
            lambda: self._keys,
            self._make,
            self.key,
        )
        self.grants = Plain("oAuth2PermissionGrant", lambda: self._grant_keys, self._grant)

    def key(self, id_: str) -> int | None:
        """The key behind an object id, or behind appId when asked as servicePrincipals(appId='...')."""
        index = self.ids.index(id_)
        return index if index is not None and index in self._living else None

    def sample(self, count: int, start: int = 0) -> list[int]:
        """Some service principals of the tenant's own apps, ascending."""
        apps = self._apps.population
        return sorted({_APPS_AT + apps.near(start + n) for n in range(count)})

    def app_id(self, key: int) -> str:
        """The appId."""
        if key >= _APPS_AT:
            return self._apps.app_ids.guid(key - _APPS_AT)
        if key < GALLERY:
            return _MICROSOFT[key][0]
        return guid(self._directory.seed, "principal", key)

    @property
    def signed_in_to(self) -> list[int]:
        """The apps that people sign in to: Microsoft's, those of the gallery, and those of the tenant that stay."""
        own = range(_APPS_AT, _APPS_AT + applications.PROTECTED)
        return [*range(len(_MICROSOFT)), *self.gallery, *own]

    @property
    def gallery(self) -> list[int]:
        """The apps from the gallery."""
        return list(range(GALLERY, GALLERY + len(_GALLERY)))

    def starting(self, prefix: str) -> list[int]:
        """The service principals whose appId starts with that, in any case."""
        prefix = prefix.lower()
        return [key for key in self._keys if self.app_id(key).startswith(prefix)]

    def name(self, key: int) -> str:
        """The displayName."""
        if key >= _APPS_AT:
            return self._apps.name(key - _APPS_AT)
        if key >= _IDENTITIES_AT:
            return f"mi-automation-{key - _IDENTITIES_AT + 1}"
        return _GALLERY[key - GALLERY] if key >= GALLERY else _MICROSOFT[key][1]

    def owners(self, key: int) -> Sequence[int]:
        """Keys of the owners: those of the app."""
        return self._apps.owners(key - _APPS_AT) if key >= _APPS_AT else []

    def app_roles(self, key: int) -> list[Object]:
        """The roles that can be assigned on it."""
        if key == GRAPH:
            return [
                permissions.app_role(permissions.role_id(name), name, name, ["Application"]) for name in permissions.ROLES
            ]
        if key >= _APPS_AT:
            return self._apps.app_roles(key - _APPS_AT)
        if GALLERY <= key < _IDENTITIES_AT:
            id_ = guid(self._directory.seed, "gallery role", key)
            return [permissions.app_role(id_, None, "User", ["User"])]
        return []

    def scopes(self, key: int) -> list[Object]:
        """The delegated permissions that it offers."""
        if key == GRAPH:
            return [permissions.scope(permissions.scope_id(name), name) for name in permissions.SCOPES]
        if key >= _APPS_AT:
            return self._apps.scopes(key - _APPS_AT)
        return [permissions.scope(guid(0, "scope", key), "user_impersonation")] if key < GALLERY else []

    def assigned(self, key: int) -> Sequence[int]:
        """Keys of the app role assignments on it: principal and place of the role, ascending."""
        people, groups = self._directory.people, self._directory.groups
        if key == GRAPH:
            return sorted(
                edge("servicePrincipal", _APPS_AT + app) << _ROLE_BITS | permissions.ROLES.index(name)
                for app in self._apps.population.active
                for name in self._apps.roles(app)
            )
        if key == GALLERY:
            everyone = (user for user in people.population.active if user % 5 == 0)
            return [each << _ROLE_BITS for each in edges("user", everyone)]
        if key < GALLERY or _IDENTITIES_AT <= key < _APPS_AT:
            return []
        traits = int(self.ids.hash(key)[24:40], 16)
        users = {people.someone(spread(traits, n) % people.population.base) for n in range(traits % 9)}
        wanted = {groups.population.near(spread(traits, 20 + n)) for n in range(traits >> 8 & 3)}
        keys = edges("user", sorted(users)) + edges("group", sorted(wanted))
        if traits >> 12 & 7 == 0:
            keys += edges("servicePrincipal", self.sample(1, traits >> 16))
        roles = max(1, len(self.app_roles(key)))
        return [each << _ROLE_BITS | (each % roles) for each in keys]

    def assignment(self, resource: int, key: int) -> Object:
        """The appRoleAssignment object behind a key of `assigned`."""
        directory = self._directory
        type_, index = target(key >> _ROLE_BITS)
        roles = self.app_roles(resource)
        place = key & ((1 << _ROLE_BITS) - 1)
        hash_ = blake2b(f"{directory.seed}|{resource}|{key}".encode(), digest_size=32).digest()
        day = -(hash_[0] * 3) if index < 2000 else -hash_[1]
        return {
            "id": base64.urlsafe_b64encode(hash_).decode().rstrip("="),
            "deletedDateTime": None,
            "appRoleId": roles[place]["id"] if roles else _DEFAULT_ROLE,
            "createdDateTime": directory.calendar.stamp(day, hash_[2] * 5),
            "principalDisplayName": directory.name_of(type_, index),
            "principalId": directory.id_of(type_, index),
            "principalType": type_[0].upper() + type_[1:],
            "resourceDisplayName": self.name(resource),
            "resourceId": self.ids.guid(resource),
        }

    @cached_property
    def _grant_keys(self) -> list[int]:
        """Client in the high bits; in the low ones 0 for all principals, else the user's index + 1."""
        people = self._directory.people
        keys = []
        for client in self._keys:
            if client < GALLERY or _IDENTITIES_AT <= client < _APPS_AT:
                continue
            traits = int(self.ids.hash(client)[24:40], 16)
            if traits & 3:
                keys.append(client << 40)
            users = {people.someone(spread(traits, 60 + n) % people.population.base) for n in range(traits >> 4 & 3)}
            keys += [client << 40 | user + 1 for user in sorted(users)]
        return keys

    def _grant(self, key: int) -> Object:
        client, user = key >> 40, (key & ((1 << 40) - 1)) - 1
        hash_ = blake2b(f"{self._directory.seed}|grant|{key}".encode(), digest_size=32).digest()
        scopes = " ".join(permissions.SCOPES[: 1 + hash_[0] % len(permissions.SCOPES)])
        return {
            "id": base64.urlsafe_b64encode(hash_).decode().rstrip("="),
            "clientId": self.ids.guid(client),
            "consentType": "AllPrincipals" if user < 0 else "Principal",
            "principalId": None if user < 0 else self._directory.people.ids.guid(user),
            "resourceId": self.ids.guid(GRAPH),
            "scope": scopes,
        }

    def _make(self, key: int) -> Object:
        directory, apps = self._directory, self._apps
        rarest = (_APPS_AT + applications.SHOWCASE, _APPS_AT + EARLIER)
        traits = 0 if key in rarest else int(self.ids.hash(key)[24:40], 16)
        own, gallery = key >= _APPS_AT, GALLERY <= key < _IDENTITIES_AT
        app = key - _APPS_AT if own else applications.CLIENT
        identity = _IDENTITIES_AT <= key < _APPS_AT
        microsoft = key < GALLERY
        app_id, name = self.app_id(key), self.name(key)
        saml = gallery and key % 2 == 0
        rare = traits >> 40 & 15 == 0
        keys = apps.keys(app, "Sign") if own and rare else apps.keys(applications.CLIENT, "Sign") if saml else []
        site = f"https://{name.split()[0].lower()}.example" if gallery else None
        path = f"/subscriptions/{guid(directory.seed, 'subscription')}/resourcegroups/rg/providers/{name}"
        return {
            "id": self.ids.guid(key),
            "deletedDateTime": None,
            "accountEnabled": not (gallery and key == GALLERY + 2),
            "addIns": [{"id": guid(0, "add-in", key), "type": "FileHandler", "properties": []}] if rare else [],
            "alternativeNames": ["isExplicit=True", path] if identity else [],
            "appDescription": f"Owned by team {traits % 40}" if own and traits & 1 else None,
            "appDisplayName": name,
            "appId": app_id,
            "applicationTemplateId": guid(0, "template", name) if gallery else None,
            "appOwnerOrganizationId": None
            if identity
            else _MICROSOFT_TENANT
            if microsoft
            else guid(0, "vendor", name)
            if gallery
            else directory.tenant_id,
            "appRoleAssignmentRequired": gallery or traits & 7 == 0,
            "appRoles": self.app_roles(key),
            "createdByAppId": "74658136-14ec-4630-ad9b-26e160ff0fc6" if own and traits & 2 else None,
            "customSecurityAttributes": {
                "Engineering": {
                    "@odata.type": "#microsoft.graph.customSecurityAttributeValue",
                    "Owner": "Platform team",
                }
            }
            if own and rare
            else None,
            "description": f"{name} single sign-on" if gallery else None,
            "disabledByMicrosoftStatus": "NotDisabled" if traits >> 12 & 31 == 0 else None,
            "displayName": name,
            "homepage": site or (f"https://apps.{directory.domain}/{app}" if own else None),
            "info": apps.info(app),
            "isDisabled": traits >> 17 & 31 == 0 or None,
            "keyCredentials": keys,
            "loginUrl": f"{site}/login" if site else None,
            "logoutUrl": f"{site}/logout" if site else None,
            "notes": "Contract renewed in spring" if gallery else None,
            "notificationEmailAddresses": [f"saml@{directory.domain}"] if saml else [],
            "oauth2PermissionScopes": self.scopes(key),
            "passwordCredentials": apps.passwords(app)[:1] if own and rare else [],
            "preferredSingleSignOnMode": ("saml" if saml else "oidc") if gallery else None,
            "preferredTokenSigningKeyThumbprint": self.ids.hash(key)[:40].upper() if saml else None,
            "replyUrls": [f"{site}/saml"] if saml else apps.reply_urls(app) if own else [],
            "resourceSpecificApplicationPermissions": [
                {
                    "description": "Read this team's settings.",
                    "displayName": "Read team settings",
                    "id": guid(0, "rsc"),
                    "isEnabled": True,
                    "value": "TeamSettings.Read.Group",
                }
            ]
            if key == GRAPH
            else [],
            "samlSingleSignOnSettings": {"relayState": f"{site}/start"} if saml else None,
            "servicePrincipalNames": [app_id, *([apps.uri(app)] if own else [])],
            "servicePrincipalType": "ManagedIdentity" if identity else "Application",
            "signInAudience": None if identity else "AzureADMyOrg" if own else "AzureADMultipleOrgs",
            "tags": ["WindowsAzureActiveDirectoryIntegratedApp"] if gallery or own else [],
            "tokenEncryptionKeyId": keys[0]["keyId"] if keys else None,
            "verifiedPublisher": apps.publisher(app)
            if own
            else {"displayName": None, "verifiedPublisherId": None, "addedDateTime": None},
        }
