"""Fetching one token with msal, by the method that the settings choose: a secret, a certificate, workload identity
federation, a managed identity, or a person's stored sign-in.

msal sends every request with the client it is given. See also `token_source.py`, which decides when a token is fetched,
`authority.py`, which retries, and `delegated.py`, where a person signs in.
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
from aad_assets.masking import remember
from aad_assets.settings import Connection

ENDPOINTS = ("authorization_endpoint", "token_endpoint", "device_authorization_endpoint")
"""Endpoints of an OpenID configuration to which credentials, codes or people are sent."""

CAPABILITIES = ["cp1"]
"""Declares support for continuous access evaluation: this client answers claims challenges."""


_SECRETS = ("client_secret", "client_assertion", "refresh_token", "code", "code_verifier", "device_code")
"""Fields of a token request that are secrets."""

_TOKENS = ("access_token", "refresh_token", "id_token", "device_code")
"""Members of a response that are secrets."""

_SECRET_HEADERS = ("authorization", "secret", "x-identity-header")
"""Headers of a request to a machine's endpoint that are secrets."""

_TRANSIENT_ERRORS = ("temporarily_unavailable", "server_error")
_TRANSIENT_CODE = 90033
"""AADSTS90033: a transient error that comes with status 400."""


class MsalHttp:
    """The HTTP client that msal calls, on top of the project's own. It reaches `origin` alone, and remembers every secret
    that passes, so that no message repeats one."""

    def __init__(self, client: httpx.Client, origin: str) -> None:
        self._client = client
        self._origin = origin

    def get(self, url: str, params: Any = None, headers: Any = None, **_: Any) -> httpx.Response:
        check_origin(url, self._origin)
        return require_json(self._client.get(url, params=params, headers=headers))

    def post(self, url: str, params: Any = None, data: Any = None, headers: Any = None, **_: Any) -> httpx.Response:
        check_origin(url, self._origin)
        # msal passes a certificate's assertion as bytes, which httpx would send as their repr.
        form = {name: value.decode() if isinstance(value, bytes) else value for name, value in (data or {}).items()}
        remember(*(form.get(name) for name in _SECRETS), (headers or {}).get("Authorization"))
        response = self._client.post(url, params=params, data=form, headers=headers)
        if response.is_redirect:
            raise _redirected(response, self._origin)
        return remember_tokens(require_json(response))

    def close(self) -> None:
        """Do nothing: whoever made the client closes it."""


class _ManagedIdentityHttp:
    """The HTTP client for the endpoints of Azure machines, which return 404 and 410 while they start or are upgraded.

    msal takes these endpoints from the machine's own variables, not from a response.
    """

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def get(self, url: str, params: Any = None, headers: Any = None, **_: Any) -> httpx.Response:
        remember(*(value for name, value in (headers or {}).items() if name.lower() in _SECRET_HEADERS))
        response = self._client.get(url, params=params, headers=headers)
        if response.status_code in (404, 410):
            response.raise_for_status()
        # Azure Arc challenges with a 401 that has no body.
        return response if response.status_code == 401 else remember_tokens(require_json(response))

    def close(self) -> None:
        """Do nothing: whoever made the client closes it."""


def is_transient(status: int, body: Mapping[str, Any] | None = None) -> bool:
    """Return whether the status or the body of a response reports a transient fault of the authority."""
    body = body or {}
    busy = body.get("error") in _TRANSIENT_ERRORS or _TRANSIENT_CODE in (body.get("error_codes") or ())
    return busy or status == 429 or status >= 500


def is_foreign(response: httpx.Response) -> bool:
    """Return whether a response is a web page, and so not the authority's, which speaks JSON."""
    return "html" in response.headers.get("Content-Type", "").lower()


def require_json(response: httpx.Response) -> httpx.Response:
    """Return the response if it is a complete JSON object and no transient fault.

    Raises httpx.ProxyError for a response that is not the authority's, and otherwise httpx.HTTPStatusError or
    httpx.RemoteProtocolError, so that the call is retried: msal has no retries, and would log the text of a truncated
    response, token included.
    """
    if is_transient(response.status_code):
        response.raise_for_status()
    if is_foreign(response):
        raise httpx.ProxyError(f"a proxy or a firewall responded in its place, with status {response.status_code}")
    try:
        body = response.json()
    except (RecursionError, ValueError):
        body = None
    if not isinstance(body, dict):
        raise httpx.RemoteProtocolError(f"the response with status {response.status_code} is not a JSON object")
    if is_transient(response.status_code, body):
        raise httpx.RemoteProtocolError("the service is temporarily unavailable")
    return response


def remember_tokens(response: httpx.Response) -> httpx.Response:
    """Return the response, and mask the tokens in it from now on."""
    body = response.json()
    remember(*(body.get(name) for name in _TOKENS))
    return response


def check_origin(url: str, origin: str) -> None:
    """Raise SignInError if `url` is not on `origin`, the authority's scheme, host and port."""
    if (found := origin_of(url)) != origin:
        raise SignInError(
            f"Sign-in failed: the authority {origin} names an endpoint at {found or 'an address without https'}. Nothing "
            "was sent there, because it would get the credential. If that host is right, set AAD_AUTHORITY_URL to it."
        )


def _redirected(response: httpx.Response, origin: str) -> SignInError:
    there = origin_of(str(response.headers.get("Location", ""))) or "another address"
    return SignInError(
        f"Sign-in failed: {origin} redirects token requests to {there} (status {response.status_code}). The redirect was not "
        "followed, because it would get the credential. If that host is right, set AAD_AUTHORITY_URL to it."
    )


def origin_of(url: str) -> str:
    """Return scheme, host and port of an https:// URL as httpx reads them; empty if no request can be sent there."""
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, TypeError):
        return ""
    usable = parsed.scheme == "https" and parsed.host and not parsed.userinfo
    return f"https://{parsed.netloc.decode()}" if usable else ""


def acquire_token(connection: Connection, client: httpx.Client, claims: str = "") -> dict[str, Any]:
    """Return msal's token response, with a new access token that answers the challenge `claims`.

    Raises SignInError if the sign-in fails, ConfigurationError if the credential cannot be read.
    """
    with translated_msal_errors(connection):
        match connection.auth_method:
            case "managed_identity":
                response = _managed_identity(connection, client, claims)
            case "delegated":
                response = _delegated(connection, client, claims)
            case _:
                app = msal_application(connection, client)
                response = app.acquire_token_for_client([connection.scope], claims_challenge=claims or None)
    if "access_token" not in response:
        raise sign_in_error(response, "no token was issued", connection)
    return response


def msal_application(
    connection: Connection, client: httpx.Client, cache: msal.TokenCache | None = None
) -> "msal.ClientApplication":
    """Return msal's application: confidential if there is a credential, otherwise public.

    Creating it makes msal fetch the authority's endpoints. Raises SignInError if one is not on the authority's own host.
    """
    credential = _client_credential(connection)
    kind = msal.ConfidentialClientApplication if credential else msal.PublicClientApplication
    origin = origin_of(connection.authority)
    app = kind(
        connection.client_id,
        client_credential=credential,
        authority=connection.authority,
        instance_discovery=False,
        http_client=MsalHttp(client, origin),
        client_capabilities=CAPABILITIES,
        token_cache=cache,
    )
    # msal has fetched the OpenID configuration itself. A person's browser opens one of its endpoints.
    for endpoint in ENDPOINTS:
        if url := getattr(app.authority, endpoint):
            check_origin(url, origin)
    return app


@contextmanager
def translated_msal_errors(connection: Connection) -> Iterator[None]:
    """Raise SignInError where msal raises an error of its own, which quotes a response that it cannot interpret."""
    try:
        yield
    except (KeyError, OverflowError, TypeError, ValueError):
        raise SignInError(
            f"Sign-in failed: {connection.authority} does not respond like an authority of Microsoft Entra ID. "
            "Check AAD_TENANT_ID, AAD_CLOUD and AAD_AUTHORITY_URL."
        ) from None


def _client_credential(connection: Connection) -> Any:
    """Return msal's `client_credential`, or None for a public client."""
    if connection.auth_method == "workload_identity":
        return {"client_assertion": lambda: federated_token(connection.federated_token_file)}
    if connection.client_certificate_path and connection.auth_method in ("certificate", "delegated"):
        return certificate_credential(connection.client_certificate_path, connection.client_certificate_password)
    return connection.client_secret or None


def federated_token(path: str) -> str:
    """Read the JWT in the file as it is now: Kubernetes and CI systems replace it every few minutes."""
    try:
        with open(path, encoding="utf-8") as file:
            token = file.read().strip()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ConfigurationError(f"AAD_FEDERATED_TOKEN_FILE ({path}) cannot be read: {why}.") from None
    if not re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+", token):
        raise ConfigurationError(f"AAD_FEDERATED_TOKEN_FILE ({path}) does not contain a JWT.")
    return token


def _managed_identity(connection: Connection, client: httpx.Client, claims: str) -> dict[str, Any]:
    if "IDENTITY_SERVER_THUMBPRINT" in os.environ:
        raise ConfigurationError(
            "Managed identities of Service Fabric are not supported. Choose another method with AAD_AUTH."
        )
    wanted = connection.managed_identity
    identity = (
        msal.SystemAssignedManagedIdentity() if wanted == "system" else msal.UserAssignedManagedIdentity(client_id=wanted)
    )
    msal_client = msal.ManagedIdentityClient(
        identity, http_client=_ManagedIdentityHttp(client), client_capabilities=CAPABILITIES
    )
    try:
        response: dict[str, Any] = msal_client.acquire_token_for_client(
            resource=connection.scope.removesuffix("/.default"), claims_challenge=claims or None
        )
    except OSError as error:
        raise ConfigurationError(
            f"This machine's managed identity returned no token: Azure Arc's key file {error.filename} cannot be read "
            f"({error.strerror}). Add the user to the group himds, log in to this machine again and retry."
        ) from None
    except msal.ManagedIdentityError as error:
        raise ConfigurationError(f"This machine's managed identity returned no token: {error}.") from None
    return response


def _delegated(connection: Connection, client: httpx.Client, claims: str) -> dict[str, Any]:
    """Redeem the refresh token on disk, and replace it. Other processes with the same sign-in wait meanwhile."""
    with TokenCache(connection).open() as cache:
        app = msal_application(connection, client, cache)
        accounts = app.get_accounts()
        response: dict[str, Any] | None = app.acquire_token_silent_with_error(
            [connection.scope], accounts[0] if accounts else None, force_refresh=True, claims_challenge=claims or None
        )
    if response is None:
        raise SignInError(f"Nobody is signed in to the app {connection.client_id} in {connection.tenant_id}. {LOGIN_AGAIN}.")
    return response
