"""The connection to one tenant: what its settings imply, and whether they are complete and consistent."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from aad_assets.errors import ConfigurationError
from aad_assets.masking import remember, remember_userinfo
from aad_assets.settings.checks import is_loopback
from aad_assets.settings.declaration import AUTH_METHODS, CLOUDS, CREDENTIALS, ConnectionFields, variable

__all__ = ["AUTH_METHODS", "CLOUDS", "Connection"]


def wrong_settings(problems: Iterable[str]) -> ConfigurationError:
    """Return the error for settings that are missing or wrong, each sentence once."""
    return ConfigurationError(f"The settings are incomplete or wrong. {' '.join(dict.fromkeys(problems))}")


class Connection(ConnectionFields):
    """How to reach one tenant. The values are as given; call `check` before use. Messages mask the secrets from then on."""

    def model_post_init(self, _: Any) -> None:
        """Remember the secrets, so that no message repeats one."""
        remember(self.client_secret, self.client_certificate_password, self.pseudonym_key)
        remember_userinfo(self.gateway_url)

    @property
    def authority(self) -> str:
        """Return the sign-in authority with the tenant: `https://login.microsoftonline.com/<tenant>`."""
        base = (self.authority_url or CLOUDS[self.cloud][0]).rstrip("/")
        return base if urlsplit(base).path else f"{base}/{self.tenant_id}"

    @property
    def base_url(self) -> str:
        """Return the base URL of Graph with its version and without a trailing slash."""
        return (self.graph_base_url or CLOUDS[self.cloud][1]).rstrip("/")

    @property
    def scope(self) -> str:
        """Return the scope of an app-only token: all application permissions that an administrator consented to."""
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc}/.default"

    @property
    def gateway(self) -> str:
        """Return the gateway for messages, without user and password; empty if there is none."""
        parts = urlsplit(self.gateway_url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if self.gateway_url else ""

    @property
    def is_loopback(self) -> bool:
        """Return whether the redirect URL leads to this machine, so that a listener can receive the code."""
        return is_loopback(self.redirect_url)

    @property
    def auth_method(self) -> str:
        """Return one of AUTH_METHODS: as set, or inferred from the credential that is set. `delegated` is never inferred."""
        return self.auth or next(iter(self._credentials()), "client_secret")

    def _credentials(self) -> list[str]:
        """Return the app-only methods whose credential is set."""
        return [method for method, field in CREDENTIALS.items() if getattr(self, field)]

    def check(self) -> None:
        """Raise ConfigurationError with one message that names every setting that is missing or wrong."""
        if problems := self.problems():
            raise wrong_settings(problems)

    def problems(self) -> list[str]:
        """Return a sentence for every setting that is missing or wrong."""
        return [*self._missing(), *self._inconsistent(), *self.invalid()]

    def _missing(self) -> list[str]:
        problems = []
        if not self.tenant_id:
            problems.append("Set AAD_TENANT_ID to the tenant's GUID or domain.")
        if not self.client_id and self.auth_method != "managed_identity":
            problems.append("Set AAD_CLIENT_ID to the application (client) ID of the app registration.")
        if not self.auth and not self._credentials():
            problems.append(
                "Set AAD_CLIENT_SECRET to the value of the client secret, or choose another credential: "
                "AAD_CLIENT_CERTIFICATE_PATH, AAD_FEDERATED_TOKEN_FILE, AAD_MANAGED_IDENTITY, or AAD_AUTH=delegated."
            )
        return problems

    def _inconsistent(self) -> list[str]:
        problems = []
        given = self._credentials()
        if not self.auth and len(given) > 1:
            named = " and ".join(variable(CREDENTIALS[method]) for method in given)
            problems.append(f"{named} are both set. Choose one with AAD_AUTH.")
        if self.auth in CREDENTIALS and self.auth not in given:
            needed = variable(CREDENTIALS[self.auth])
            problems.append(f"AAD_AUTH is {self.auth}, but {needed} is not set. Set it, or change AAD_AUTH.")
        if self.auth == "delegated" and {"client_secret", "certificate"} <= set(given):
            problems.append(
                "AAD_CLIENT_SECRET and AAD_CLIENT_CERTIFICATE_PATH are both set, and delegated sign-in takes only one. "
                "Unset one of them."
            )
        return problems
