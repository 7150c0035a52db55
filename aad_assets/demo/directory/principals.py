"""Service principals: Microsoft's own, gallery apps, managed identities, one per app registration."""

from collections.abc import Sequence

from ..days.population import EARLIER
from . import permissions
from .applications import PROTECTED, Applications
from .chance import guid, spread
from .context import Context
from .rendering import Object, Plain
from .well_known import CLIENT, GALLERY, GRAPH, OWN_APPS, SHOWCASE

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
IDENTITIES = 200


def principal_of(app: int) -> int:
    """The key of the service principal of one of the tenant's own apps."""
    return OWN_APPS + app


class Principals:
    """All service principals of the tenant on one day."""

    def __init__(self, context: Context, apps: Applications) -> None:
        self._context, self._apps = context, apps
        self.ids = context.ids("servicePrincipal")
        self.keys: list[int] = [
            *range(len(_MICROSOFT)),
            *range(GALLERY, GALLERY + len(_GALLERY)),
            *range(IDENTITIES, IDENTITIES + _IDENTITIES),
            *(OWN_APPS + app for app in self._apps.population.active),
        ]
        self._living = frozenset(self.keys)
        self.kind = Plain(
            "servicePrincipal",
            lambda: self.keys,
            self._make,
            self.key,
        )

    def key(self, id_: str) -> int | None:
        """The key behind an object id, or behind appId when asked as servicePrincipals(appId='...')."""
        index = self.ids.index(id_)
        return index if index is not None and index in self._living else None

    def sample(self, count: int, start: int = 0) -> list[int]:
        """Some service principals of the tenant's own apps, ascending."""
        apps = self._apps.population
        return sorted({OWN_APPS + apps.near(start + n) for n in range(count)})

    def app_id(self, key: int) -> str:
        """The appId."""
        if key >= OWN_APPS:
            return self._apps.app_ids.guid(key - OWN_APPS)
        if key < GALLERY:
            return _MICROSOFT[key][0]
        return guid(self._context.seed, "principal", key)

    @property
    def signed_in_to(self) -> list[int]:
        """The apps that people sign in to: Microsoft's, those of the gallery, and those of the tenant that stay."""
        own = range(OWN_APPS, OWN_APPS + PROTECTED)
        return [*range(len(_MICROSOFT)), *self.gallery, *own]

    @property
    def gallery(self) -> list[int]:
        """The apps from the gallery."""
        return list(range(GALLERY, GALLERY + len(_GALLERY)))

    def starting(self, prefix: str) -> list[int]:
        """The service principals whose appId starts with that, in any case."""
        prefix = prefix.lower()
        return [key for key in self.keys if self.app_id(key).startswith(prefix)]

    def name(self, key: int) -> str:
        """The displayName."""
        if key >= OWN_APPS:
            return self._apps.name(key - OWN_APPS)
        if key >= IDENTITIES:
            return f"mi-automation-{key - IDENTITIES + 1}"
        return _GALLERY[key - GALLERY] if key >= GALLERY else _MICROSOFT[key][1]

    def owners(self, key: int) -> Sequence[int]:
        """Keys of the owners: those of the app."""
        return self._apps.owners(key - OWN_APPS) if key >= OWN_APPS else []

    def app_roles(self, key: int) -> list[Object]:
        """The roles that can be assigned on it."""
        if key == GRAPH:
            return [
                permissions.app_role(permissions.role_id(name), name, name, ["Application"]) for name in permissions.ROLES
            ]
        if key >= OWN_APPS:
            return self._apps.app_roles(key - OWN_APPS)
        if GALLERY <= key < IDENTITIES:
            id_ = guid(self._context.seed, "gallery role", key)
            return [permissions.app_role(id_, None, "User", ["User"])]
        return []

    def scopes(self, key: int) -> list[Object]:
        """The delegated permissions that it offers."""
        if key == GRAPH:
            return [permissions.scope(permissions.scope_id(name), name) for name in permissions.SCOPES]
        if key >= OWN_APPS:
            return self._apps.scopes(key - OWN_APPS)
        return [permissions.scope(guid(0, "scope", key), "user_impersonation")] if key < GALLERY else []

    def classifications(self, key: int) -> Plain:
        """Return which delegated permissions count as low, medium or high: of Microsoft Graph and of one own app in eight."""
        scopes = self.scopes(key) if key == GRAPH or spread(key, self._context.seed) % 8 == 0 else []

        def make(place: int) -> Object:
            later = (self._context.day + 5) // 15 if place % 4 == 3 else 0
            return {
                "id": guid(self._context.seed, "classification", key, place).replace("-", "")[:22],
                "classification": ("low", "low", "medium", "high")[(place + later) % 4],
                "permissionId": scopes[place]["id"],
                "permissionName": scopes[place]["value"],
            }

        return Plain("delegatedPermissionClassification", lambda: range(len(scopes)), make)

    def _make(self, key: int) -> Object:
        context, apps = self._context, self._apps
        rarest = (OWN_APPS + SHOWCASE, OWN_APPS + EARLIER)
        traits = 0 if key in rarest else int(self.ids.hash(key)[24:40], 16)
        own, gallery = key >= OWN_APPS, GALLERY <= key < IDENTITIES
        app = key - OWN_APPS if own else CLIENT
        identity = IDENTITIES <= key < OWN_APPS
        microsoft = key < GALLERY
        app_id, name = self.app_id(key), self.name(key)
        saml = gallery and key % 2 == 0
        rare = traits >> 40 & 15 == 0
        keys = apps.keys(app, "Sign") if own and rare else apps.keys(CLIENT, "Sign") if saml else []
        site = f"https://{name.split()[0].lower()}.example" if gallery else None
        path = f"/subscriptions/{guid(context.seed, 'subscription')}/resourcegroups/rg/providers/{name}"
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
            else context.tenant_id,
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
            "homepage": site or (f"https://apps.{context.domain}/{app}" if own else None),
            "info": apps.info(app),
            "isDisabled": traits >> 17 & 31 == 0 or None,
            "keyCredentials": keys,
            "loginUrl": f"{site}/login" if site else None,
            "logoutUrl": f"{site}/logout" if site else None,
            "notes": "Contract renewed in spring" if gallery else None,
            "notificationEmailAddresses": [f"saml@{context.domain}"] if saml else [],
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
