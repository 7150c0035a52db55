"""The sign-in log: who signed in to what, from where, with what result."""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from .chance import Ids
from .log_days import SECOND, Log, about, correlation, number_of, stamp
from .names import OFFICES
from .rendering import Object

if TYPE_CHECKING:
    from .directory import Directory

_CLIENTS = (
    ("Browser", "Edge 141.0.0", "Windows10", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/141.0.0.0 Edg/141.0.0.0"),
    ("Browser", "Chrome 141.0.0", "Windows10", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/141.0.0.0"),
    ("Mobile Apps and Desktop clients", "Rich Client 5.6.0.0", "Windows10", "Mozilla/5.0 (compatible; MSAL 1.0)"),
    ("Browser", "Safari 18.5", "MacOs", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/18.5 Safari/605.1.15"),
    (
        "Mobile Apps and Desktop clients",
        "Mobile Safari",
        "Ios 18.5",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X)",
    ),
    ("Mobile Apps and Desktop clients", "Chrome Mobile", "Android 15", "Mozilla/5.0 (Linux; Android 15; SM-S921B)"),
    ("Browser", "Firefox 143.0", "Linux", "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0"),
    ("Exchange ActiveSync", "", "", "Apple-iPhone16C2/2205.108"),
)
_RESULTS = (
    (0, "Other.", "MFA requirement satisfied by claim in the token"),
    (0, "Other.", "MFA completed in Azure AD"),
    (0, "Other.", None),
    (50126, "Error validating credentials due to invalid username or password.", None),
    (50074, "Strong Authentication is required.", "MFA required in Azure AD"),
    (50076, "Due to a configuration change made by your administrator, you must use multi-factor authentication.", None),
    (53003, "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.", None),
    (50053, "The account is locked: too many attempts with a wrong user name or password.", None),
    (500121, "Authentication failed during strong authentication request.", "MFA denied; user declined the authentication"),
    (65001, "The user or administrator has not consented to use the application.", None),
)
_BLOCKED = 6
_NETWORKS = ("198.51.100", "203.0.113")
_RISKS = (
    ("unfamiliarFeatures", "low", "none", "atRisk"),
    ("anonymizedIPAddress", "medium", "userPassedMFADrivenByRiskBasedPolicy", "remediated"),
    ("unlikelyTravel", "medium", "aiConfirmedSigninSafe", "dismissed"),
    ("maliciousIPAddress", "high", "none", "atRisk"),
)
_USER = ("userId", "userDisplayName", "userPrincipalName")
_APP = (
    *("appId", "appDisplayName", "servicePrincipalId", "servicePrincipalName"),
    *("resourceId", "resourceDisplayName", "homeTenantId", "resourceTenantId"),
)
_CLIENT = ("clientAppUsed", "userAgent", "isInteractive")
_DEVICE = ("deviceDetail", "authenticationAppDeviceDetails")
_RESULT = ("status", "conditionalAccessStatus", "appliedConditionalAccessPolicies")
_RISK = (
    *("riskDetail", "riskEventTypes", "riskEventTypes_v2", "riskLevelAggregated", "riskLevelDuringSignIn"),
    "riskState",
)


class SignIns(Log):
    """auditLogs/signIns."""

    type, when = "signIn", "createdDateTime"
    own = ("id", "createdDateTime", "correlationId", "ipAddress")

    def __init__(self, directory: "Directory") -> None:
        self._directory = directory
        self._ids = Ids(directory.seed, "signIn")
        self._expected = directory.book.sign_ins_per_day or max(50, directory.users)
        super().__init__(
            directory.book,
            (
                (_USER, self._user),
                (_APP, self._app),
                (_CLIENT, self._client),
                (_DEVICE, self._device),
                (_RESULT, self._result),
                (_RISK, self._risk),
                (("location",), self._place),
            ),
        )

    def count(self, day: int) -> int:
        return about(self._expected, self._directory.seed, day)

    def time(self, day: int, place: int, count: int) -> int:
        return super().time(day, place, count) // SECOND * SECOND

    def number(self, id_: str) -> int | None:
        return self._ids.index(id_)

    @cached_property
    def _users(self) -> Sequence[int]:
        return self._directory.regulars

    @cached_property
    def _devices(self) -> frozenset[int]:
        return frozenset(self._directory.devices.population.stayers)

    def cells(self, day: int, place: int, moment: int) -> tuple[Any, ...]:
        number = number_of(day, place)
        hash_ = self._ids.hash(number)
        traits = int(hash_[24:40], 16)
        user = self._users[traits % len(self._users)]
        # One in sixteen is a guest of another network, the others come from home or the office: always the same address.
        foreign = traits >> 20 & 15 == 0
        address = traits >> 24 & 255 if foreign else user & 255
        ip = f"2001:db8:{user & 0xFFFF:x}::{address:x}" if user % 8 == 3 else f"{_NETWORKS[foreign]}.{address}"
        client = (user + (traits >> 32 & 1)) % len(_CLIENTS)
        owned = user * 4 // 5
        device = owned if traits >> 33 & 3 and owned in self._devices else -1 - client
        drawn = traits >> 36 & 63
        return (
            f'"{self._ids.guid_from(number, hash_)}"',
            stamp(moment, False),
            correlation(hash_),
            f'"{ip}"',
            user,
            traits >> 44 & 31,
            client,
            (device, client),
            drawn % 3 if drawn < 54 else drawn - 51 if drawn < 61 else 0,
            0 if traits >> 50 & 63 else 1 + (traits >> 56 & 3),
            (traits >> 24 if foreign else user) % len(OFFICES),
        )

    def _user(self, user: int) -> Object:
        people = self._directory.people
        values = (people.ids.guid(user), people.display_name(user), people.principal_name(user))
        return dict(zip(_USER, values, strict=True))

    def _app(self, drawn: int) -> Object:
        principals = self._directory.principals
        apps = principals.signed_in_to
        app = apps[drawn % len(apps)]
        resource = apps[drawn % 4] if drawn % 3 else app
        own = app >= 100  # Not one of Microsoft's.
        return {
            "appId": principals.app_id(app),
            "appDisplayName": principals.name(app),
            "resourceId": principals.app_id(resource),
            "resourceDisplayName": principals.name(resource),
            "servicePrincipalId": principals.ids.guid(app) if own else None,
            "servicePrincipalName": principals.name(app) if own else None,
            "homeTenantId": self._directory.tenant_id,
            "resourceTenantId": self._directory.tenant_id,
        }

    def _client(self, client: int) -> Object:
        used, _, _, agent = _CLIENTS[client]
        return {"clientAppUsed": used, "userAgent": agent, "isInteractive": used != "Exchange ActiveSync"}

    def _device(self, which: tuple[int, int]) -> Object:
        device, client = which
        devices = self._directory.devices
        known = device >= 0
        _, browser, system, _ = _CLIENTS[client]
        mobile = system.startswith(("Ios", "Android"))
        return {
            "deviceDetail": {
                "deviceId": devices.device_ids.guid(device) if known else "",
                "displayName": devices.name(device) if known else "",
                "operatingSystem": devices.system(device) if known else system,
                "browser": browser,
                "isCompliant": device % 7 != 0 if known else False,
                "isManaged": known,
                "trustType": ("Azure AD joined", "Hybrid Azure AD joined")[device % 2] if known else "",
            },
            "authenticationAppDeviceDetails": {
                "appVersion": "6.8.24",
                "clientApp": "Microsoft Authenticator",
                "deviceId": devices.device_ids.guid(device),
                "operatingSystem": system,
            }
            if known and mobile
            else None,
        }

    def _result(self, drawn: int) -> Object:
        code, reason, details = _RESULTS[drawn]
        failed, asked = code in (53003, 50074, 500121), details is not None
        policies = self._directory.access_policies
        return {
            "status": {"errorCode": code, "failureReason": reason, "additionalDetails": details},
            "conditionalAccessStatus": "failure" if failed else "success" if asked else "notApplied",
            "appliedConditionalAccessPolicies": [
                {
                    "id": id_,
                    "displayName": name,
                    "enforcedGrantControls": (["Block"] if drawn == _BLOCKED else ["Mfa"]) if place == 0 else [],
                    "enforcedSessionControls": ["SignInFrequency"] if place == 1 else [],
                    "result": ("failure" if failed else "success" if asked else "notApplied")
                    if place == 0
                    else ("reportOnlySuccess", "notEnabled", "notApplied")[place % 3],
                }
                for place, (id_, name) in enumerate(policies[:3])
            ],
        }

    def _risk(self, number: int) -> Object:
        event, level, detail, state = _RISKS[number - 1] if number else ("", "none", "none", "none")
        return {
            "riskDetail": detail,
            "riskEventTypes": [event] if number else [],
            "riskEventTypes_v2": [event] if number else [],
            "riskLevelAggregated": level,
            "riskLevelDuringSignIn": level,
            "riskState": state,
        }

    def _place(self, number: int) -> Object:
        return {"location": place(number)}


def place(number: int) -> Object:
    """A signInLocation: that of an office."""
    office = OFFICES[number]
    return {
        "city": office.city,
        "state": office.state,
        "countryOrRegion": office.country_code,
        "geoCoordinates": {"altitude": None, "latitude": 40.0 + number * 0.75, "longitude": -3.5 + number * 1.25},
    }
