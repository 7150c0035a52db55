"""What conditional access policies speak of: named locations, authentication contexts, authentication strengths."""

from typing import TYPE_CHECKING

from .chance import guid, number
from .rendering import Listed, Object

if TYPE_CHECKING:
    from .directory import Directory

_STRENGTHS = (
    (
        "00000000-0000-0000-0000-000000000002",
        "Multifactor authentication",
        (
            "fido2",
            "windowsHelloForBusiness",
            "x509CertificateMultiFactor",
            "password,microsoftAuthenticatorPush",
            "password,sms",
        ),
    ),
    (
        "00000000-0000-0000-0000-000000000003",
        "Passwordless MFA",
        ("windowsHelloForBusiness", "fido2", "x509CertificateMultiFactor", "deviceBasedPush"),
    ),
    (
        "00000000-0000-0000-0000-000000000004",
        "Phishing-resistant MFA",
        ("windowsHelloForBusiness", "fido2", "x509CertificateMultiFactor"),
    ),
)


class AccessConditions:
    """Lists that are edited every few weeks."""

    def __init__(self, directory: "Directory") -> None:
        self._directory = directory
        self.locations = Listed("namedLocation", self._locations)
        self.contexts = Listed("authenticationContextClassReference", self._contexts)
        self.strengths = Listed("authenticationStrengthPolicy", self._strengths)

    def _id(self, *parts: object) -> str:
        return guid(self._directory.seed, "conditional access", *parts)

    def _locations(self) -> list[Object]:
        calendar, place = self._directory.calendar, number(self._directory.seed, "locations") % 200
        edits, when = self._directory.edits("locations", 11)
        office: list[Object] = [
            {"@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": f"203.0.{place}.0/{24 + edits % 3}"},
            {"@odata.type": "#microsoft.graph.iPv6CidrRange", "cidrAddress": f"2001:db8:{place:x}::/48"},
        ]
        rows: list[tuple[str, str, Object]] = [
            ("Head office", "ip", {"isTrusted": True, "ipRanges": office}),
            (
                "VPN gateways",
                "ip",
                {
                    "isTrusted": True,
                    "ipRanges": [{"@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": "198.51.100.16/28"}],
                },
            ),
            (
                "Guest Wi-Fi",
                "ip",
                {
                    "isTrusted": False,
                    "ipRanges": [{"@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": "192.0.2.128/25"}],
                },
            ),
            (
                "Countries we work in",
                "country",
                {
                    "countriesAndRegions": ["DE", "CH", "GB", "FR", "ES", "PL", "SE", "US"],
                    "includeUnknownCountriesAndRegions": False,
                    "countryLookupMethod": "clientIpAddress",
                },
            ),
            (
                "Embargoed countries",
                "country",
                {
                    "countriesAndRegions": ["KP", "IR", "SY"][: 2 + edits % 2],
                    "includeUnknownCountriesAndRegions": True,
                    "countryLookupMethod": "authenticatorAppGps",
                },
            ),
        ]
        return [
            {
                "@odata.type": f"#microsoft.graph.{kind}NamedLocation",
                "deletedDateTime": None,
                "createdDateTime": calendar.stamp(-700 + n, n * 211),
                "displayName": name,
                "id": self._id("location", n),
                "modifiedDateTime": when if n in (0, 4) else calendar.stamp(-300 + n, n * 131),
                **own,
            }
            for n, (name, kind, own) in enumerate(rows)
        ]

    def _contexts(self) -> list[Object]:
        edits, _ = self._directory.edits("contexts", 23)
        names = ("Confidential sites", "Privileged role activation", "Payments over the limit", "Trial")
        return [
            {
                "id": f"c{n + 1}",
                "description": f"Asked for by the apps that guard: {name.lower()}",
                "displayName": name,
                "isAvailable": n < 3 or edits % 2 == 1,
            }
            for n, name in enumerate(names)
        ]

    def _strengths(self) -> list[Object]:
        calendar = self._directory.calendar
        edits, when = self._directory.edits("strengths", 19)
        rows: list[Object] = [
            {
                "id": id_,
                "allowedCombinations": list(combinations),
                "createdDateTime": "2021-12-01T00:00:00Z",
                "description": f"{name}: the combinations that Microsoft Entra ID offers for it.",
                "displayName": name,
                "modifiedDateTime": "2021-12-01T00:00:00Z",
                "policyType": "builtIn",
                "requirementsSatisfied": "mfa",
            }
            for id_, name, combinations in _STRENGTHS
        ]
        rows.append(
            {
                "id": self._id("strength"),
                "allowedCombinations": ["fido2", "temporaryAccessPassOneTime", *(["deviceBasedPush"] if edits % 2 else [])],
                "createdDateTime": calendar.stamp(-150, 500),
                "description": "Security keys, and a pass for the first day",
                "displayName": "Security keys only",
                "modifiedDateTime": when,
                "policyType": "custom",
                "requirementsSatisfied": "mfa",
            }
        )
        return rows
