"""App registrations: secrets, certificates, permissions asked for, roles offered, owners."""

import base64
from collections.abc import Sequence

from ..days.population import EARLIER, Rates
from . import permissions
from .chance import guid, guid_of, number, spread
from .context import Context
from .edges import edges
from .extensions import Extensions
from .names import DEPARTMENTS, PROJECTS
from .people import People
from .rendering import Object, Plain
from .well_known import APP_NAMES, CLIENT, SHOWCASE

PROTECTED = len(APP_NAMES)
_ISSUERS = (
    ("https://token.actions.githubusercontent.com", "repo:contoso/app-{0}:ref:refs/heads/main", "github-main"),
    ("https://kubernetes.default.svc.cluster.local", "system:serviceaccount:app-{0}:default", "cluster"),
    ("https://gitlab.example", "project_path:contoso/app-{0}:ref_type:branch:ref:main", "gitlab-main"),
)
_USES = ("API", "portal", "connector", "bot", "sync", "report", "mobile app", "gateway")


class Applications:
    """All app registrations of the tenant on one day."""

    def __init__(self, context: Context, extensions: Extensions, people: People) -> None:
        base = min(2000, 20 + context.users // 100)
        self._context, self._extensions, self._people = context, extensions, people
        self.ids = context.ids("application")
        self.app_ids = context.ids("appId")
        rates = Rates(max(1, base // 200), max(1, base // 400), max(2, base // 100))
        self.population = context.population("application", base, rates, PROTECTED)
        self.kind = Plain(
            "application",
            lambda: self.population.active,
            self._make,
            self.key,
            undeclared=extensions.names("Application"),
        )

    def key(self, id_: str) -> int | None:
        """The index behind an object id."""
        index = self.ids.index(id_)
        return index if index is not None and self.population.alive(index) else None

    def traits(self, index: int) -> int:
        """64 bits that decide what the app is like; the same for its service principal."""
        return 0 if index in (SHOWCASE, EARLIER) else int(self.ids.hash(index)[24:40], 16)

    def name(self, index: int) -> str:
        """The displayName, shared with the service principal."""
        if index < PROTECTED:
            return APP_NAMES[index]
        traits = self.traits(index)
        department = tuple(DEPARTMENTS)[traits >> 8 & 15]
        return f"{PROJECTS[traits % 26]} {department} {_USES[traits >> 16 & 7]} {index}"

    def roles(self, index: int) -> list[str]:
        """The application permissions on Microsoft Graph that the app asks for."""
        if index == CLIENT:
            return list(self._context.granted)
        traits = self.traits(index)
        names = permissions.ROLES
        return sorted({names[spread(traits, n) % len(names)] for n in range(traits >> 20 & 3)})

    def app_roles(self, index: int) -> list[Object]:
        """The roles that the app offers."""
        hash_ = self.ids.hash(index)
        count = int(hash_[50], 16) % 4 if index >= PROTECTED else 2
        roles = (("Reader", "Read"), ("Editor", "Edit"), ("Administrator", "Administer"))[:count]
        return [
            permissions.app_role(guid_of(hash_[n : n + 32]), value, f"{verb} {self.name(index)}", ["User", "Application"])
            for n, (value, verb) in enumerate(roles)
        ]

    def scopes(self, index: int) -> list[Object]:
        """The delegated permissions that the app offers."""
        hash_ = self.ids.hash(index)
        return [permissions.scope(guid_of(hash_[30:62]), "user_impersonation")] if int(hash_[51], 16) % 2 else []

    def owners(self, index: int) -> Sequence[int]:
        """Keys of the owners: none to three users."""
        traits = self.traits(index)
        people = self._people
        count = (1, 2, 0, 3)[traits >> 24 & 3]
        return edges(
            "user",
            sorted({people.someone(spread(traits, 40 + n) % people.population.base) for n in range(count)}),
        )

    def _password(self, index: int, number: int, created: int, life: int) -> Object:
        calendar, traits = self._context.calendar, self.traits(index)
        text = guid(self._context.seed, "secret", index, number)
        return {
            "customKeyIdentifier": base64.b64encode(f"secret{number}".encode()).decode() if number == 1 else None,
            "displayName": (None, "deployment", "CI pipeline", "local tests")[(traits + number) % 4],
            "endDateTime": calendar.stamp(created + life, traits),
            "hint": text[:3],
            "keyId": text,
            "secretText": None,
            "startDateTime": calendar.stamp(created, traits),
        }

    def passwords(self, index: int) -> list[Object]:
        """Secrets: expired, about to expire or fresh; each rotation adds one and drops the oldest."""
        traits, moves = self.traits(index), self.population.moves.get(index, 0)
        ages = ((-400, 180), (-170, 180), (-20, 365), (-700, 730))
        first = traits >> 28 & 3
        secrets = [self._password(index, n, *ages[(first + n) % 4]) for n in range(traits >> 30 & 1 or index == CLIENT)]
        secrets += [self._password(index, 5, *ages[(first + 2) % 4])] if traits >> 31 & 7 == 0 else []
        if moves:
            today = self.population.moved_on[index]
            secrets = [*secrets[1:], self._password(index, 100 + moves, today, 180)]
        return secrets

    def keys(self, index: int, usage: str = "Verify") -> list[Object]:
        """Certificates (public part only: `key` is null in lists)."""
        calendar, traits = self._context.calendar, self.traits(index)
        if traits >> 35 & 3 and index != CLIENT:
            return []
        created = -(traits % 700)
        thumbprint = bytes.fromhex(self.ids.hash(index)[:40])
        return [
            {
                "customKeyIdentifier": base64.b64encode(thumbprint).decode(),
                "displayName": f"CN={self.name(index)}",
                "endDateTime": calendar.stamp(created + 730, traits),
                "key": None,
                "keyId": guid(self._context.seed, "certificate", index),
                "startDateTime": calendar.stamp(created, traits),
                "type": "AsymmetricX509Cert",
                "usage": usage,
            }
        ]

    def info(self, index: int) -> Object:
        """informationalUrl, shared with the service principal."""
        site = f"https://apps.{self._context.domain}/{index}" if self.traits(index) >> 3 & 1 else None
        return {
            "logoUrl": None,
            "marketingUrl": site,
            "privacyStatementUrl": site and f"{site}/privacy",
            "supportUrl": site and f"{site}/support",
            "termsOfServiceUrl": site and f"{site}/terms",
        }

    def publisher(self, index: int) -> Object:
        """verifiedPublisher, shared with the service principal."""
        verified = self.traits(index) >> 38 & 7 == 0
        return {
            "displayName": "Contoso" if verified else None,
            "verifiedPublisherId": "1234567" if verified else None,
            "addedDateTime": self._context.calendar.stamp(-300, index) if verified else None,
        }

    def uri(self, index: int) -> str:
        """The identifier URI."""
        return f"api://{self.app_ids.guid(index)}"

    def reply_urls(self, index: int) -> list[str]:
        """Redirect URLs of the web part."""
        return [f"https://apps.{self._context.domain}/{index}/signin"] if self.traits(index) >> 4 & 1 else []

    def _make(self, index: int) -> Object:
        context, calendar = self._context, self._context.calendar
        traits = self.traits(index)
        joined = self.population.joined_on(index)
        wanted = [{"id": permissions.scope_id("User.Read"), "type": "Scope"}]
        wanted += [{"id": permissions.role_id(name), "type": "Role"} for name in self.roles(index)]
        web, mobile, rare = traits >> 4 & 1 == 1, traits >> 5 & 3 == 0, traits >> 40 & 15 == 0
        replies = self.reply_urls(index)
        moves = self.population.moves.get(index, 0)
        claim = {"additionalProperties": [], "essential": False, "name": "email", "source": None}
        keys = self.keys(index)
        return {
            "id": self.ids.guid(index),
            "deletedDateTime": None,
            "addIns": [
                {
                    "id": guid_of(self.ids.hash(index)[5:45]),
                    "type": "FileHandler",
                    "properties": [{"key": "v", "value": "2"}],
                }
            ]
            if rare
            else [],
            "api": {
                "acceptMappedClaims": True if rare else None,
                "knownClientApplications": [self.app_ids.guid(CLIENT)] if rare else [],
                "requestedAccessTokenVersion": 2 if traits & 1 else None,
                "oauth2PermissionScopes": self.scopes(index),
                "preAuthorizedApplications": [],
            },
            "appId": self.app_ids.guid(index),
            "applicationTemplateId": "8adf8e6e-67b2-4cf2-a259-e3dc5476c621" if traits >> 6 & 7 == 0 else None,
            "appRoles": self.app_roles(index),
            "authenticationBehaviors": {
                "blockAzureADGraphAccess": None,
                "removeUnverifiedEmailClaim": True,
                "requireClientServicePrincipal": None,
            }
            if rare
            else None,
            "certification": {
                "isPublisherAttested": True,
                "isCertifiedByMicrosoft": False,
                "lastCertificationDateTime": None,
                "certificationExpirationDateTime": None,
                "certificationDetailsUrl": None,
            }
            if traits >> 44 & 15 == 0
            else None,
            "createdByAppId": "74658136-14ec-4630-ad9b-26e160ff0fc6" if traits & 2 else None,
            "createdDateTime": calendar.stamp(joined or -(60 + (traits >> 9) % 1800), traits),
            "defaultRedirectUri": replies[0] if replies and rare else None,
            "description": None if traits >> 7 & 1 else f"Owned by {tuple(DEPARTMENTS)[traits >> 8 & 15]}",
            "disabledByMicrosoftStatus": "NotDisabled" if traits >> 12 & 31 == 0 else None,
            "displayName": self.name(index),
            "groupMembershipClaims": ("SecurityGroup", "All", None, None)[traits >> 14 & 3],
            "identifierUris": [self.uri(index)] if self.scopes(index) else [],
            "info": self.info(index),
            "isDeviceOnlyAuthSupported": False if mobile else None,
            "isDisabled": traits >> 17 & 31 == 0 or None,
            "isFallbackPublicClient": mobile or None,
            "keyCredentials": keys,
            "logo": None,
            "managerApplications": [self.app_ids.guid(CLIENT)] if rare else [],
            "nativeAuthenticationApisEnabled": "all" if mobile and rare else "none" if mobile else None,
            "notes": f"Secret rotated {moves} times" if moves else "Reviewed yearly" if traits >> 19 & 1 else None,
            "oauth2RequirePostResponse": False,
            "optionalClaims": {"accessToken": [claim], "idToken": [claim], "saml2Token": []} if web else None,
            "parentalControlSettings": {"countriesBlockedForMinors": [], "legalAgeGroupRule": "Allow"},
            "passwordCredentials": self.passwords(index),
            "publicClient": {"redirectUris": ["http://localhost"] if mobile else []},
            "publisherDomain": context.domain,
            "requestSignatureVerification": {"isSignedRequestRequired": True, "allowedWeakAlgorithms": None}
            if rare
            else None,
            "requiredResourceAccess": [{"resourceAppId": permissions.GRAPH_APP_ID, "resourceAccess": wanted}],
            "samlMetadataUrl": f"https://apps.{context.domain}/{index}/saml" if traits >> 21 & 7 == 0 else None,
            "serviceManagementReference": f"CMDB-{traits % 10000}" if traits >> 22 & 1 else None,
            "servicePrincipalLockConfiguration": {
                "isEnabled": True,
                "allProperties": True,
                "credentialsWithUsageVerify": True,
                "credentialsWithUsageSign": True,
                "tokenEncryptionKeyId": True,
            }
            if traits & 4
            else None,
            "signInAudience": ("AzureADMyOrg", "AzureADMyOrg", "AzureADMyOrg", "AzureADMultipleOrgs")[traits & 3],
            "spa": {"redirectUris": [f"https://spa.{context.domain}/{index}"] if traits >> 23 & 3 == 0 else []},
            "tags": ["HideApp"] if rare else [],
            "tokenEncryptionKeyId": keys[0]["keyId"] if keys and traits & 8 else None,
            "uniqueName": f"app-{index}" if traits >> 26 & 3 == 0 else None,
            "verifiedPublisher": self.publisher(index),
            "web": {
                "homePageUrl": f"https://apps.{context.domain}/{index}" if web else None,
                "logoutUrl": f"https://apps.{context.domain}/{index}/logout" if web else None,
                "redirectUris": replies,
                "implicitGrantSettings": {"enableAccessTokenIssuance": False, "enableIdTokenIssuance": web},
                "redirectUriSettings": [{"uri": url, "index": None} for url in replies],
            },
            **self._extensions.values("Application", index),
        }

    def federated_credentials(self, index: int) -> Plain:
        """Return the trust in other issuers' tokens, of one app in three; a changed app has a new description."""
        traits = number(self._context.seed, "federated", index)
        count = 2 if index == SHOWCASE else 1 + traits % 2 if traits >> 4 & 3 == 0 else 0
        moves = self.population.moves.get(index, 0)

        def make(place: int) -> Object:
            issuer, subject, name = _ISSUERS[(traits + place) % len(_ISSUERS)]
            return {
                "id": guid(self._context.seed, "federated", index, place),
                "audiences": ["api://AzureADTokenExchange"],
                "description": f"Deployment (change {moves})" if moves else "Deployment" if place == 0 else None,
                "issuer": issuer,
                "name": name,
                "subject": subject.format(index),
            }

        return Plain("federatedIdentityCredential", lambda: range(count), make)
