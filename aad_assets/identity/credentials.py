"""One token by msal, in the way that the settings choose: secret, certificate, federation, managed identity, a person.

Everything that leaves the machine goes through the client that is given. Not here: when a token is fetched
(`sign_in.py`), and again after passing faults (`authority.py`); how a person signs in (`delegated.py`).
"""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx
import msal

from aad_assets.errors import ConfigurationError, SignInError
from aad_assets.identity.certificates import certificate_credential
from aad_assets.identity.sign_in_errors import LOGIN_AGAIN, sign_in_error
from aad_assets.identity.token_cache import TokenCache
from aad_assets.settings import Connection

CAPABILITIES = ["cp1"]
"""Continuous access evaluation: this client answers claims challenges."""


_PASSING_ERRORS = ("temporarily_unavailable", "server_error")
_PASSING_CODE = 90033
"""AADSTS90033: a passing error, which comes with status 400."""


class MsalHttp:
    """What msal calls for HTTP, over the project's own client."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def get(self, url: str, params: Any = None, headers: Any = None, **_: Any) -> httpx.Response:
        return sound(self._client.get(url, params=params, headers=headers))

    def post(self, url: str, params: Any = None, data: Any = None, headers: Any = None, **_: Any) -> httpx.Response:
        # msal gives a certificate's assertion as bytes, of which httpx would send Python's notation.
        form = {name: value.decode() if isinstance(value, bytes) else value for name, value in (data or {}).items()}
        return sound(self._client.post(url, params=params, data=form, headers=headers))

    def close(self) -> None:
        """The client belongs to its maker."""


class _ManagedIdentityHttp(MsalHttp):
    """The same for the endpoints of Azure's own machines, which answer 404 and 410 while they start or are upgraded."""

    def get(self, url: str, params: Any = None, headers: Any = None, **_: Any) -> httpx.Response:
        response = self._client.get(url, params=params, headers=headers)
        if response.status_code in (404, 410):
            response.raise_for_status()
        # Azure Arc challenges with a 401 that has no body.
        return response if response.status_code == 401 else sound(response)


def passes(status: int, answer: Mapping[str, Any] | None = None) -> bool:
    """Whether an answer of the authority is a fault that passes, by its status or by what it says."""
    said = answer or {}
    busy = said.get("error") in _PASSING_ERRORS or _PASSING_CODE in (said.get("error_codes") or ())
    return busy or status == 429 or status >= 500


def sound(response: httpx.Response) -> httpx.Response:
    """An answer that msal may see. It has no retries, and would log the text of one that is cut off, token and all."""
    if passes(response.status_code):
        response.raise_for_status()
    try:
        answer = response.json()
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise httpx.RemoteProtocolError(f"the answer of status {response.status_code} is not a JSON object")
    if passes(response.status_code, answer):
        raise httpx.RemoteProtocolError("the service says that it is not available for the moment")
    return response


def acquire(connection: Connection, client: httpx.Client, claims: str = "") -> dict[str, Any]:
    """msal's answer with a new access token; `claims` is a challenge to be answered by it.

    Raises SignInError when it is refused, ConfigurationError when the credential cannot be read.
    """
    with understood(connection):
        match connection.credential:
            case "managed_identity":
                answer = _managed_identity(connection, client, claims)
            case "delegated":
                answer = _delegated(connection, client, claims)
            case _:
                app = application(connection, client)
                answer = app.acquire_token_for_client([connection.scope], claims_challenge=claims or None)
    if "access_token" not in answer:
        raise sign_in_error(answer, "no token came", connection)
    return answer


def application(
    connection: Connection, client: httpx.Client, cache: msal.TokenCache | None = None
) -> "msal.ClientApplication":
    """The app as msal sees it: confidential with a credential, public without. Asks the authority for its endpoints."""
    credential = _app_credential(connection)
    kind = msal.ConfidentialClientApplication if credential else msal.PublicClientApplication
    return kind(
        connection.client_id,
        client_credential=credential,
        authority=connection.authority,
        instance_discovery=False,
        http_client=MsalHttp(client),
        client_capabilities=CAPABILITIES,
        token_cache=cache,
    )


@contextmanager
def understood(connection: Connection) -> Iterator[None]:
    """msal raises KeyError or ValueError at answers of which it can make nothing, with their text."""
    try:
        yield
    except (KeyError, ValueError):
        raise SignInError(
            f"Sign-in failed: {connection.authority} does not answer like an authority of Microsoft Entra ID. "
            "What to do: check AAD_TENANT_ID, AAD_CLOUD and AAD_AUTHORITY_URL."
        ) from None


def _app_credential(connection: Connection) -> Any:
    """msal's `client_credential`; None for a public client."""
    if connection.credential == "workload_identity":
        return {"client_assertion": lambda: federated_token(connection.federated_token_file)}
    if connection.client_certificate_path and connection.credential in ("certificate", "delegated"):
        return certificate_credential(connection.client_certificate_path, connection.client_certificate_password)
    return connection.client_secret or None


def federated_token(path: str) -> str:
    """The JWT in the file, as it is now: Kubernetes and CI replace it every few minutes."""
    try:
        with open(path, encoding="utf-8") as file:
            token = file.read().strip()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "no text"
        raise ConfigurationError(f"AAD_FEDERATED_TOKEN_FILE ({path}) cannot be read: {why}.") from None
    if not re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+", token):
        raise ConfigurationError(f"AAD_FEDERATED_TOKEN_FILE ({path}) does not hold a JWT.")
    return token


def _managed_identity(connection: Connection, client: httpx.Client, claims: str) -> dict[str, Any]:
    if "IDENTITY_SERVER_THUMBPRINT" in os.environ:
        raise ConfigurationError("Managed identities of Service Fabric are not supported: choose another way by AAD_AUTH.")
    wanted = connection.managed_identity
    identity = (
        msal.SystemAssignedManagedIdentity() if wanted == "system" else msal.UserAssignedManagedIdentity(client_id=wanted)
    )
    msal_client = msal.ManagedIdentityClient(
        identity, http_client=_ManagedIdentityHttp(client), client_capabilities=CAPABILITIES
    )
    try:
        answer: dict[str, Any] = msal_client.acquire_token_for_client(
            resource=connection.scope.removesuffix("/.default"), claims_challenge=claims or None
        )
    except OSError as error:
        raise ConfigurationError(
            f"The managed identity of this machine gives no token: Azure Arc's key file {error.filename} cannot be read: "
            f"{error.strerror}. Run as a member of the group himds, after signing in to this machine anew."
        ) from None
    except msal.ManagedIdentityError as error:
        raise ConfigurationError(f"The managed identity of this machine gives no token: {error}.") from None
    return answer


def _delegated(connection: Connection, client: httpx.Client, claims: str) -> dict[str, Any]:
    """By the refresh token on disk, which is replaced, with every other process of this sign-in waiting meanwhile."""
    with TokenCache(connection).opened() as cache:
        app = application(connection, client, cache)
        accounts = app.get_accounts()
        answer: dict[str, Any] | None = app.acquire_token_silent_with_error(
            [connection.scope], accounts[0] if accounts else None, force_refresh=True, claims_challenge=claims or None
        )
    if answer is None:
        raise SignInError(f"Nobody is signed in to the app {connection.client_id} in {connection.tenant_id}: {LOGIN_AGAIN}.")
    return answer
