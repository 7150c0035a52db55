"""Identity protection and registration: who can prove who they are, and whom something suspicious happened to."""

from functools import cached_property
from typing import TYPE_CHECKING

from .chance import guid, number, spread
from .edges import target
from .people import GUEST, PERSON
from .rendering import Object, Plain
from .sign_ins import place

if TYPE_CHECKING:
    from .directory import Directory

_EVENTS = (
    ("unfamiliarFeatures", "realtime", "IdentityProtection"),
    ("anonymizedIPAddress", "realtime", "IdentityProtection"),
    ("unlikelyTravel", "offline", "IdentityProtection"),
    ("leakedCredentials", "offline", "IdentityProtection"),
    ("mcasImpossibleTravel", "offline", "MicrosoftCloudAppSecurity"),
)
_PRINCIPAL_EVENTS = ("suspiciousSignins", "leakedCredentials", "maliciousApplication", "anomalousServicePrincipalActivity")
_LEVELS = ("low", "medium", "high")
_STATES = (
    ("atRisk", "none"),
    ("atRisk", "none"),
    ("remediated", "userPerformedSecuredPasswordReset"),
    ("dismissed", "adminDismissedAllRiskForUser"),
    ("confirmedCompromised", "adminConfirmedUserCompromised"),
)
_METHODS = (
    (),
    ("mobilePhone",),
    ("microsoftAuthenticatorPush", "softwareOneTimePasscode"),
    ("microsoftAuthenticatorPush", "mobilePhone", "email"),
    ("microsoftAuthenticatorPasswordless", "microsoftAuthenticatorPush", "mobilePhone"),
    ("windowsHelloForBusiness", "microsoftAuthenticatorPush"),
    ("passKeyDeviceBound", "softwareOneTimePasscode"),
    ("email",),
)
_PREFERRED = ("none", "sms", "push", "push", "push", "push", "oath", "none")
_STRONG, _PASSWORDLESS = range(1, 7), (4, 5, 6)
_TERM = 45


class Risks:
    """Registration details, risky identities and what was detected, on one day."""

    def __init__(self, directory: "Directory") -> None:
        self._directory = directory
        self._seed = directory.seed
        self._people, self._apps = directory.people, directory.principals
        self.registrations = Plain(
            "userRegistrationDetails", lambda: self._people.population.active, self._registration, self._people.key
        )
        self.users = Plain("riskyUser", lambda: self._users, self._user)
        self.detections = Plain("riskDetection", lambda: range(len(self._detected)), self._detection)
        self.principals = Plain("riskyServicePrincipal", lambda: self._principals, self._principal)
        self.principal_detections = Plain(
            "servicePrincipalRiskDetection", lambda: range(len(self._principals) * 2), self._principal_detection
        )

    @cached_property
    def _admins(self) -> frozenset[str]:
        return frozenset(self._directory.id_of(*target(principal)) for _, principal, _ in self._directory.roles.held)

    def _registration(self, user: int) -> Object:
        people, traits = self._people, number(self._seed, "registration", user)
        sort, moves = people.sort(user), people.population.moves.get(user, 0)
        # Someone who moves house also registers another method.
        which = 0 if sort not in (PERSON, GUEST) else (traits + moves) % len(_METHODS)
        strong = which in _STRONG
        id_ = people.ids.guid(user)
        methods = list(_METHODS[which])
        day = people.population.moved_on.get(user, -1 - traits % 30)
        return {
            "id": id_,
            "isAdmin": id_ in self._admins,
            "isMfaCapable": strong,
            "isMfaRegistered": strong,
            "isPasswordlessCapable": which in _PASSWORDLESS,
            "isSsprCapable": bool(which),
            "isSsprEnabled": sort == PERSON,
            "isSsprRegistered": bool(which),
            "isSystemPreferredAuthenticationMethodEnabled": strong and traits >> 8 & 1 == 0,
            "lastUpdatedDateTime": self._directory.calendar.stamp(day, traits >> 9),
            "methodsRegistered": methods,
            "systemPreferredAuthenticationMethods": ["PhoneAppNotification"] if strong and traits >> 8 & 1 == 0 else [],
            "userDisplayName": people.display_name(user),
            "userPreferredMethodForSecondaryAuthentication": _PREFERRED[which],
            "userPrincipalName": people.principal_name(user),
            "userType": "guest" if sort == GUEST else "member",
        }

    @cached_property
    def _users(self) -> list[int]:
        """One user in thirty or so; every user's turn comes and goes."""
        day, salt = self._directory.day, number(self._seed, "risky")
        active = self._people.population.active
        return [user for user in active if spread(user + salt, (day + user) // _TERM + 1) % 30 == 0]

    def _state(self, user: int) -> tuple[int, int, str, str, str]:
        """What the risk of a user is: traits, the day it was last updated, level, state, detail."""
        day = self._directory.day
        begun = day - (day + user) % _TERM
        traits = number(self._seed, "risk", user, (day + user) // _TERM)
        state, detail = _STATES[(traits + (day - begun) // 15) % len(_STATES)]
        return traits, begun, _LEVELS[traits >> 8 & 1 if state == "dismissed" else (traits >> 8) % 3], state, detail

    def _user(self, user: int) -> Object:
        traits, begun, level, state, detail = self._state(user)
        people = self._people
        return {
            "id": people.ids.guid(user),
            "isDeleted": False,
            "isProcessing": traits >> 12 & 7 == 0,
            "riskDetail": detail,
            "riskLastUpdatedDateTime": self._directory.calendar.stamp(begun, traits >> 4),
            "riskLevel": "none" if state in ("remediated", "dismissed") else level,
            "riskState": state,
            "userDisplayName": people.display_name(user),
            "userPrincipalName": people.principal_name(user),
        }

    @cached_property
    def _detected(self) -> list[tuple[int, int]]:
        return [(user, each) for user in self._users for each in range(1 + self._state(user)[0] % 3)]

    def _common(self, tag: str, key: int, which: int, day: int, traits: int) -> Object:
        calendar = self._directory.calendar
        return {
            "id": guid(self._seed, tag, key, which, day).replace("-", "") * 2,
            "activityDateTime": calendar.stamp(day - which, traits >> 5),
            "additionalInfo": '[{"Key":"alertUrl","Value":null}]' if traits & 1 else None,
            "correlationId": guid(self._seed, tag, "correlation", key, which, day),
            "detectedDateTime": calendar.stamp(day - which, traits >> 5),
            "ipAddress": f"203.0.113.{traits >> 16 & 255}",
            "lastUpdatedDateTime": calendar.stamp(day, traits >> 6),
            "location": place(traits >> 24 & 15),
            "requestId": guid(self._seed, tag, "request", key, which, day),
        }

    def _detection(self, at: int) -> Object:
        user, which = self._detected[at]
        traits, begun, level, state, detail = self._state(user)
        event, timing, source = _EVENTS[((traits >> 16) + which) % len(_EVENTS)]
        people = self._people
        offline = timing == "offline"
        return {
            **self._common("detection", user, which, begun, traits),
            "activity": "user" if event == "leakedCredentials" else "signin",
            "detectionTimingType": timing,
            "riskDetail": detail,
            "riskEventType": event,
            "riskLevel": level,
            "riskState": state,
            "source": source,
            "tokenIssuerType": "AzureAD",
            "userDisplayName": people.display_name(user),
            "userId": people.ids.guid(user),
            "userPrincipalName": people.principal_name(user),
        } | ({"requestId": None} if offline and event == "leakedCredentials" else {})

    @cached_property
    def _principals(self) -> list[int]:
        """Some of the tenant's apps, more of them over time."""
        own = [key for key in self._apps.kind.keys() if key >= 1000]  # noqa: SIM118 - not a dict
        day = self._directory.day
        return [key for key in own if key == own[1] or (key + day // _TERM) % 9 == 4]

    def _principal(self, key: int) -> Object:
        traits, begun, level, state, detail = self._state(key)
        apps = self._apps
        return {
            "id": apps.ids.guid(key),
            "appId": apps.app_id(key),
            "displayName": apps.name(key),
            "isEnabled": True,
            "isProcessing": traits >> 12 & 7 == 0,
            "riskDetail": detail.replace("User", "ServicePrincipal") if detail.startswith("admin") else "none",
            "riskLastUpdatedDateTime": self._directory.calendar.stamp(begun, traits >> 4),
            "riskLevel": level,
            "riskState": state,
            "servicePrincipalType": "Application",
        }

    def _principal_detection(self, at: int) -> Object:
        key, which = self._principals[at // 2], at % 2
        traits, begun, level, state, _ = self._state(key)
        apps = self._apps
        return {
            **self._common("principal detection", key, which, begun, traits),
            "activity": "servicePrincipal",
            "appId": apps.app_id(key),
            "detectionTimingType": ("offline", "nearRealtime")[which],
            "keyIds": [guid(self._seed, "secret", key - 1000, 0)],
            "riskDetail": "none",
            "riskEventType": _PRINCIPAL_EVENTS[(traits >> 16) % 4],
            "riskLevel": level,
            "riskState": state,
            "servicePrincipalDisplayName": apps.name(key),
            "servicePrincipalId": apps.ids.guid(key),
            "source": "IdentityProtection",
            "tokenIssuerType": "AzureAD",
        }
