"""How people prove who they are: identity providers of the tenant, authentication methods of each user."""

from typing import TYPE_CHECKING

from .chance import guid, number
from .people import GUEST, OTHER
from .rendering import Listed, Object, Strings

if TYPE_CHECKING:
    from .directory import Directory

PASSWORD = "28c10230-6103-485e-b985-444c60001490"
_MOBILE = "3179e48a-750b-4051-897c-87b9720928f7"
_OFFICE = "e37fc753-ff3b-4958-9484-eaa9425c82bc"
_EMAIL = "3ddfcfc8-9383-446f-83cc-3ab9be4be18f"
_KEYS = (
    ("a25342c0-3cdc-4414-8e46-f4807fca511c", "YubiKey 5 Series with NFC", "deviceBound"),
    ("de1e552d-db1d-4423-a619-566b625cdc84", "Microsoft Authenticator", "synced"),
)


class Identities:
    """Identity providers, and the methods that users have registered."""

    def __init__(self, directory: "Directory") -> None:
        self._directory = directory
        self.providers = Listed("identityProviderBase", self._providers)
        self.available = Strings(("AADSignup", "EmailOTP", "Google", "Facebook", "MicrosoftAccount", "Apple"))

    def _providers(self) -> list[Object]:
        seed = self._directory.seed
        # A client is registered anew every other month.
        renewed, _ = self._directory.edits("identity providers", 60)
        google = f"{number(seed, 'google', renewed) % 10**12}.apps.googleusercontent.com"
        rows: list[tuple[str, str, str, Object]] = [
            ("builtIn", "AADSignup-OAUTH", "Azure Active Directory Sign up", {"identityProviderType": "AADSignup"}),
            ("builtIn", "EmailOtpSignup-OAUTH", "Email One Time Passcode", {"identityProviderType": "EmailOTP"}),
            ("builtIn", "MSASignup-OAUTH", "Microsoft Account", {"identityProviderType": "MicrosoftAccount"}),
            (
                "social",
                "Google-OAUTH",
                "Google",
                {"clientId": google, "clientSecret": "******", "identityProviderType": "Google"},
            ),
            (
                "social",
                "Facebook-OAUTH",
                "Facebook",
                {
                    "clientId": str(number(seed, "facebook") % 10**15),
                    "clientSecret": "******",
                    "identityProviderType": "Facebook",
                },
            ),
            (
                "appleManaged",
                "Apple-Managed-OIDC",
                "Sign in with Apple",
                {
                    "developerId": "UBF8T346G9",
                    "serviceId": f"{self._directory.domain}.signin",
                    "keyId": "99P6D879C4",
                    "certificateData": "******",
                },
            ),
        ]
        return [
            {"@odata.type": f"#microsoft.graph.{kind}IdentityProvider", "id": id_, "displayName": name, **own}
            for kind, id_, name, own in rows
        ]

    def methods(self, user: int) -> Listed:
        """What the user has registered: a password, and more with most people."""
        return Listed("authenticationMethod", lambda: self._methods(user))

    def _methods(self, user: int) -> list[Object]:
        people = self._directory.people
        traits = int(people.ids.hash(user)[24:40], 16)
        sort = people.sort(user)
        if sort == GUEST:
            return [_method("email", _EMAIL, None, emailAddress=f"guest{user}@mail.example")] if traits & 1 else []
        since = self._directory.calendar.stamp(max(self._first(user), -((traits >> 12) % 180)), traits >> 5)
        rows = [_method("password", PASSWORD, since, password=None)]
        return rows if sort == OTHER else rows + self._of_person(user, traits) + self._pass(user)

    def _first(self, user: int) -> int:
        """The day on which the user came."""
        people = self._directory.people
        return people.population.joined_on(user) or -(40 + (int(people.ids.hash(user)[24:40], 16) >> 8) % 2500)

    def _of_person(self, user: int, traits: int) -> list[Object]:
        """Second factors. Movers register the Authenticator on the day of their move, if they have not before."""
        directory, people = self._directory, self._directory.people
        moved = people.population.moved_on.get(user)
        later = directory.calendar.stamp(moved or max(self._first(user), -(traits % 300)), traits >> 6)

        def id_of(kind: str) -> str:
            return guid(directory.seed, "method", kind, user)

        app = {
            "displayName": f"Phone of {people.display_name(user)}",
            "deviceTag": "SoftwareTokenActivated",
            "phoneAppVersion": f"6.25{traits % 10}.{traits % 700}",
        }
        mobile = {
            "phoneNumber": f"+1 206555{traits % 10000:04}",
            "phoneType": "mobile",
            "smsSignInState": ("notAllowedByPolicy", "ready", "notConfigured")[traits % 3],
        }
        office = {"phoneNumber": "+1 2065550100", "phoneType": "office", "smsSignInState": "notSupported"}
        model, name, kind = _KEYS[traits >> 10 & 1]
        key = {
            "displayName": "Blue key",
            "aaGuid": model,
            "model": name,
            "attestationCertificates": [people.ids.hash(user)[:40]],
            "attestationLevel": "attested",
            "passkeyType": kind,
            "publicKeyCredential": None,
        }
        hello = {"displayName": "Laptop", "keyStrength": "normal"}
        mac = {"displayName": "MacBook", "keyStrength": "normal", "platform": "macOS"}
        private = {"emailAddress": f"private{user}@mail.example"}
        registered = (
            (traits % 10 < 7 or bool(moved), _method("microsoftAuthenticator", id_of("app"), later, **app)),
            (traits % 5 > 1, _method("phone", _MOBILE, None, **mobile)),
            (traits >> 3 & 15 == 0, _method("phone", _OFFICE, None, **office)),
            (traits >> 7 & 7 == 0, _method("fido2", f"{people.ids.hash(user)[20:42]}1", later, **key)),
            (traits >> 11 & 3 == 0, _method("windowsHelloForBusiness", id_of("hello"), later, **hello)),
            (traits >> 13 & 15 == 0, _method("softwareOath", id_of("oath"), None, secretKey=None)),
            (traits >> 17 & 15 == 0, _method("email", _EMAIL, None, **private)),
            (traits >> 21 & 31 == 0, _method("platformCredential", id_of("mac"), later, **mac)),
        )
        return [row for has, row in registered if has]

    def _pass(self, user: int) -> list[Object]:
        """A temporary access pass in the first days of those who have just come."""
        directory = self._directory
        joined = directory.people.population.joined_on(user)
        if not joined or directory.day - joined > 2:
            return []
        start = directory.calendar.stamp(joined, 480)
        own = {
            "temporaryAccessPass": None,
            "startDateTime": start,
            "lifetimeInMinutes": 4320,
            "isUsableOnce": False,
            "isUsable": True,
            "methodUsabilityReason": "EnabledByPolicy",
        }
        return [_method("temporaryAccessPass", guid(directory.seed, "method", "pass", user), start, **own)]


def _method(kind: str, id_: str, created: str | None, **own: object) -> Object:
    return {"@odata.type": f"#microsoft.graph.{kind}AuthenticationMethod", "id": id_, **own, "createdDateTime": created}
