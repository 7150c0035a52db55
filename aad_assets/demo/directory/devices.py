"""Devices: joined, registered and hybrid ones, in use and stale."""

import base64
from collections.abc import Sequence
from typing import Any

from ..days.population import Rates
from .chance import spread
from .context import Context
from .edges import edges
from .extensions import Extensions
from .names import OFFICES
from .people import People
from .rendering import Object, Templated

_MODELS = (
    ("Windows", "10.0.26100.4349", "Dell Inc.", "Latitude 5450"),
    ("Windows", "10.0.22631.5472", "LENOVO", "21HDCTO1WW"),
    ("Windows", "10.0.19045.5965", "HP", "HP EliteBook 840 G8"),
    ("Windows", "10.0.26100.4349", "Microsoft Corporation", "Surface Pro 10"),
    ("IPhone", "18.5", "Apple", "iPhone 15"),
    ("IPad", "18.5", "Apple", "iPad Air"),
    ("MacMDM", "15.5", "Apple", "MacBook Pro"),
    ("AndroidForWork", "15", "samsung", "SM-S921B"),
    ("AndroidEnterprise", "14", "Google", "Pixel 8"),
    ("Linux", "Ubuntu 24.04", "Framework", "Laptop 13"),
)
_WINDOWS = 4
_TRUSTS = (
    ("AzureAd", "RegisteredDevice"),
    ("ServerAd", "RegisteredDevice"),
    ("Workplace", "RegisteredDevice"),
)
_STATES = 12
_UNDECLARED = (
    "createdDateTime",
    "domainName",
    "extensionAttributes",
    "hostnames",
    "externalSourceName",
    "sourceType",
)
"""What live tenants return beyond the metadata (facts.md); the last three with null."""

_OWN = [
    "id",
    "deviceId",
    "displayName",
    "createdDateTime",
    "registrationDateTime",
    "approximateLastSignInDateTime",
    "alternativeSecurityIds",
    "complianceExpirationDateTime",
    "onPremisesLastSyncDateTime",
    "onPremisesSecurityIdentifier",
    "physicalIds",
    "accountEnabled",
    "hostnames",
]


class Devices:
    """All devices of the tenant on one day."""

    def __init__(self, context: Context, extensions: Extensions, people: People) -> None:
        base = max(8, context.users * 4 // 5)
        self._context, self._people = context, people
        self.ids = context.ids("device")
        self.device_ids = context.ids("deviceId")
        rates = Rates(max(1, base // 600), max(1, base // 900), max(2, base // 400))
        self.population = context.population("device", base, rates, 1)
        self.kind = Templated(
            "device",
            lambda: self.population.active,
            self.key,
            self._row,
            _OWN,
            {
                "model": [_model(number) for number in range(len(_MODELS))],
                "trust": [
                    _trust(number, context.domain) | extensions.variant("Device", number)
                    for number in range(len(_TRUSTS) * _STATES)
                ],
            },
            undeclared=(*_UNDECLARED, *extensions.names("Device")),
        )

    def key(self, id_: str) -> int | None:
        """The index behind an object id."""
        index = self.ids.index(id_)
        return index if index is not None and self.population.alive(index) else None

    def starting(self, prefix: str) -> list[int]:
        """The living devices whose deviceId starts with that, in any case."""
        prefix = prefix.lower()
        return [index for index in self.population.active if self.device_ids.guid(index).startswith(prefix)]

    def _model(self, index: int) -> int:
        return (index * 7 + index // 10) % len(_MODELS)

    def is_windows(self, index: int) -> bool:
        """Does the device run Windows?"""
        return self._model(index) < _WINDOWS

    def system(self, index: int) -> str:
        """The operatingSystem."""
        return _MODELS[self._model(index)][0]

    def name(self, index: int) -> str:
        """The displayName."""
        traits = int(self.ids.hash(index)[24:40], 16)
        return f"{OFFICES[traits >> 20 & 15].code[:3]}-{self.system(index)[:3].upper()}-{index:06}"

    def owner(self, index: int) -> int:
        """The person who uses the device."""
        people = self._people
        return people.someone(index * 5 // 4 % people.population.total)

    def registered_owners(self, index: int) -> Sequence[int]:
        """Return the keys of the owners: one user; a shared device has none."""
        return [] if index % 16 == 5 else edges("user", [self.owner(index)])

    def registered_users(self, index: int) -> Sequence[int]:
        """Return the keys of the users: the owner; a shared device has several."""
        owner = self.owner(index)
        if index % 16 != 5:
            return edges("user", [owner])
        return edges("user", sorted({owner, *(self._people.someone(owner + n) for n in range(1, 4))}))

    def _row(self, index: int) -> dict[str, Any]:
        population, calendar = self.population, self._context.calendar
        hash_ = self.ids.hash(index)
        traits = int(hash_[24:40], 16)
        moves = population.moves.get(index, 0)
        now = spread(traits, moves) if moves else traits
        device_id = self.device_ids.guid(index)
        model = self._model(index)
        trust = 2 if model >= _WINDOWS else traits % 5 // 2
        registered_day = population.joined_on(index) or -(20 + (traits >> 8) % 1400)
        registered = calendar.stamp(registered_day, traits)
        stale = traits >> 30 & 7 == 0
        seen_day = population.moved_on.get(index) or max(registered_day, -(200 if stale else 1) - (traits >> 33) % 25)
        seen = calendar.stamp(seen_day, traits >> 4)
        key = base64.b64encode(bytes.fromhex(hash_[16:56])).decode()
        name = self.name(index)
        hybrid = trust == 1
        return {
            "id": f'"{self.ids.guid_from(index, hash_)}"',
            "deviceId": f'"{device_id}"',
            "displayName": f'"{name}"',
            "createdDateTime": f'"{registered}"',
            "registrationDateTime": f'"{registered}"',
            "approximateLastSignInDateTime": f'"{seen}"',
            "alternativeSecurityIds": f'[{{"type":2,"identityProvider":null,"key":"{key}"}}]',
            "complianceExpirationDateTime": f'"{calendar.stamp(seen_day + 30, traits)}"' if trust != 2 else "null",
            "onPremisesLastSyncDateTime": f'"{seen}"' if hybrid else "null",
            "onPremisesSecurityIdentifier": f'"{self._people.sid}{index + 5_000_000}"' if hybrid else "null",
            "physicalIds": f'["[USER-GID]:{device_id}:{traits % 10**15}","[GID]:g:{traits % 10**15}"]',
            "accountEnabled": "false" if now >> 50 & 31 == 0 else "true",
            "hostnames": f'["{name.lower()}"]' if hybrid else "[]",
            "model": model,
            "trust": trust * _STATES + (now >> 40) % _STATES,
        }


def _model(number: int) -> Object:
    system, version, manufacturer, model = _MODELS[number]
    return {
        "operatingSystem": system,
        "operatingSystemVersion": version,
        "manufacturer": manufacturer,
        "model": model,
        "deviceVersion": 2,
        "deviceCategory": "Mobile" if system.startswith(("IP", "Android")) else None,
        "isRooted": False if system.startswith(("IP", "Android")) else None,
        "enrollmentType": "windowsAzureADJoin" if system == "Windows" else "userEnrollment",
        "deviceMetadata": None if number % 2 else f"{system}/{version}",
    }


def _trust(number: int, domain: str) -> Object:
    place, state = divmod(number, _STATES)
    trust, profile = _TRUSTS[place]
    managed = state % 4 != 3
    attributes: Object = {f"extensionAttribute{n}": None for n in range(1, 16)}
    attributes["extensionAttribute1"] = f"site-{state}" if state % 3 == 0 else None
    return {
        "trustType": trust,
        "profileType": ("Shared" if state == 11 else "SecureVM" if state == 10 else profile),
        "deviceOwnership": None if not managed else "Personal" if trust == "Workplace" else "Company",
        "isManaged": managed or None,
        "isCompliant": (state % 5 != 4) if managed else None,
        "isManagementRestricted": True if state == 7 else None,
        "managementType": "MDM" if managed else None,
        "mdmAppId": "0000000a-0000-0000-c000-000000000000" if managed else None,
        "enrollmentProfileName": "Autopilot standard" if managed and place == 0 else None,
        "onPremisesSyncEnabled": True if trust == "ServerAd" else None,
        "systemLabels": ["AutopilotDevice"] if state == 5 else [],
        "domainName": f"corp.{domain}" if trust == "ServerAd" else None,
        "extensionAttributes": attributes,
    }
