"""App-only sign-in by msal: discovery of the tenant, tokens held and renewed, refusals put into words.

Sources: learn.microsoft.com/entra/identity-platform/reference-error-codes and v2-oauth2-client-creds-grant-flow. Not
here: what the token is used for (`client.py`).
"""

import asyncio
import random
import re
from collections.abc import Callable
from time import monotonic
from typing import Any

import httpx
import msal

from aad_assets.errors import ConfigurationError, SignInError
from aad_assets.graph.transport import BROKEN, Transport
from aad_assets.settings import Connection

_HELD = 0.8
"""Share of a token's life after which a new one is fetched."""

_RENEW_AGAIN = 60.0
"""Seconds until the next try, when the authority was out of reach and the token still has life in it."""

_ATTEMPTS = 4
_PATIENCE = 15.0
"""Seconds after which no further try is begun."""

_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

# AADSTS code → what to do about it.
_ADVICE = {
    7000215: "AAD_CLIENT_SECRET is wrong: paste the secret's value, not its ID, from the app's Certificates & secrets",
    7000222: "AAD_CLIENT_SECRET has expired: create a new secret in the app's Certificates & secrets",
    700016: "AAD_CLIENT_ID is not known in this tenant: check it and AAD_TENANT_ID",
    90002: "AAD_TENANT_ID is not known here: check it, and that AAD_CLOUD is the tenant's cloud",
    900023: "AAD_TENANT_ID is neither a GUID nor a domain of a tenant",
    700027: "the certificate of AAD_CLIENT_CERTIFICATE_PATH is not the one uploaded to the app",
    65001: "grant admin consent for the app's permissions",
    70011: "AAD_GRAPH_BASE_URL or AAD_CLOUD does not belong to this tenant's cloud",
    500011: "AAD_GRAPH_BASE_URL or AAD_CLOUD does not belong to this tenant's cloud",
    53003: "a conditional access policy blocks this app: ask who keeps it to exclude the app",
}


_ADVICE_ELSE = (
    "check AAD_TENANT_ID, AAD_CLIENT_ID and the credential; the code's page is at https://login.microsoftonline.com/error"
)
_ADVICE_WITHOUT_CODE = "check AAD_TENANT_ID, AAD_CLIENT_ID, AAD_CLOUD and AAD_AUTHORITY_URL"


class TokenSource:
    """Hands out an access token, renewed before it expires. Safe to ask from many tasks at once.

    Nothing of the token or the credential is in its repr.
    """

    def __init__(self, connection: Connection, transport: Transport, *, clock: Callable[[], float] = monotonic) -> None:
        self._connection = connection
        self._transport = transport
        self._clock = clock
        self._renewing = asyncio.Lock()
        self._token = ""
        self._renew_at = self._expires_at = 0.0

    async def tenant_id(self) -> str:
        """The tenant's GUID, from the issuer in its OpenID configuration."""
        issuer = str((await self._retried(self._discover))["issuer"])
        for text in (issuer, self._connection.tenant_id):
            if found := _GUID.search(text):
                return found.group().lower()
        raise ConfigurationError(f"The sign-in authority names no tenant GUID ({issuer}): set AAD_TENANT_ID to the GUID.")

    async def token(self, refused: str = "") -> str:
        """A token with life left in it, other than `refused`, which Graph has just turned down."""
        async with self._renewing:
            if not self._token or self._token == refused or self._clock() >= self._renew_at:
                try:
                    await self._renew()
                except SignInError:
                    raise
                except ConfigurationError:  # the authority is out of reach, which may pass while the token lives
                    if not self._token or self._token == refused or self._clock() >= self._expires_at:
                        raise
                    self._renew_at = self._clock() + _RENEW_AGAIN
            return self._token

    async def _renew(self) -> None:
        answer = await self._retried(self._acquire)
        if not re.fullmatch(r"[!-~]+", str(answer["access_token"])):
            raise SignInError(f"Sign-in failed: {self._connection.authority} sent a token that no header can carry.")
        life = float(answer.get("expires_in", 3600))
        self._token = answer["access_token"]
        self._renew_at, self._expires_at = self._clock() + _HELD * life, self._clock() + life

    async def _retried(self, call: Callable[[httpx.Client], dict[str, Any]]) -> dict[str, Any]:
        """`call` in a thread of its own, again after passing faults."""
        began = self._clock()
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return await asyncio.to_thread(self._with_client, call)
            except (*BROKEN, httpx.HTTPStatusError) as error:
                hopeless = isinstance(error, httpx.UnsupportedProtocol | httpx.ProxyError)
                if hopeless or attempt == _ATTEMPTS or self._clock() - began > _PATIENCE:
                    raise self._unreachable(error) from None
                await asyncio.sleep(random.uniform(0.5, 1.0) * 2 ** (attempt - 1))
        raise AssertionError("unreachable")

    def _with_client(self, call: Callable[[httpx.Client], dict[str, Any]]) -> dict[str, Any]:
        with self._transport.blocking() as client:
            return call(client)

    def _discover(self, client: httpx.Client) -> dict[str, Any]:
        response = client.get(f"{self._connection.authority}/v2.0/.well-known/openid-configuration")
        if response.status_code in (200, 429) or response.status_code >= 500:
            _sound(response)
        try:
            answer: dict[str, Any] = dict(response.json())
        except (ValueError, TypeError):
            answer = {}
        if "issuer" not in answer or "token_endpoint" not in answer:
            raise _refusal(answer, f"{self._connection.authority} answered {response.status_code}")
        return answer

    def _acquire(self, client: httpx.Client) -> dict[str, Any]:
        self._discover(client)  # msal's own message for an unknown tenant hides the reason
        try:
            application = msal.ConfidentialClientApplication(
                self._connection.client_id,
                client_credential=self._credential(),
                authority=self._connection.authority,
                instance_discovery=False,
                http_client=_MsalHttp(client),
            )
            answer: dict[str, Any] = application.acquire_token_for_client([self._connection.scope])
        except (KeyError, ValueError):
            raise SignInError(
                f"Sign-in failed: {self._connection.authority} does not answer like an authority of Microsoft Entra ID. "
                "What to do: check AAD_TENANT_ID, AAD_CLOUD and AAD_AUTHORITY_URL."
            ) from None
        if "access_token" not in answer:
            raise _refusal(answer, "no token came")
        return answer

    def _credential(self) -> Any:
        if self._connection.credential == "client_secret":
            return self._connection.client_secret
        return certificate_credential(self._connection.client_certificate_path, self._connection.client_certificate_password)

    def _unreachable(self, error: Exception) -> ConfigurationError:
        # Of a status error only the status is told: its text repeats the URL with the query.
        told = f"status {error.response.status_code}" if isinstance(error, httpx.HTTPStatusError) else str(error)
        through = " through AAD_GATEWAY_URL" if self._connection.gateway_url else ""
        setting = "AAD_AUTHORITY_URL" if self._connection.authority_url else "AAD_CLOUD, AAD_GATEWAY_URL"
        return ConfigurationError(
            f"The sign-in authority {self._connection.authority} cannot be reached{through}: "
            f"{told or type(error).__name__}. Check the network, {setting} and AAD_CA_BUNDLE."
        )


class _MsalHttp:
    """What msal calls for HTTP, over the project's own client."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def get(self, url: str, params: Any = None, headers: Any = None, **_: Any) -> httpx.Response:
        return _sound(self._client.get(url, params=params, headers=headers))

    def post(self, url: str, params: Any = None, data: Any = None, headers: Any = None, **_: Any) -> httpx.Response:
        # msal gives a certificate's assertion as bytes, of which httpx would send Python's notation.
        form = {name: value.decode() if isinstance(value, bytes) else value for name, value in (data or {}).items()}
        return _sound(self._client.post(url, params=params, data=form, headers=headers))

    def close(self) -> None:
        """The client belongs to its maker."""


def _sound(response: httpx.Response) -> httpx.Response:
    """An answer that msal may see. It has no retries, and would log the text of one that is cut off, token and all."""
    if response.status_code == 429 or response.status_code >= 500:
        response.raise_for_status()
    try:
        sound = isinstance(response.json(), dict)
    except ValueError:
        sound = False
    if not sound:
        raise httpx.RemoteProtocolError(f"the answer of status {response.status_code} is not a JSON object")
    return response


def certificate_credential(path: str, password: str) -> dict[str, Any]:
    """What msal takes for a PEM or PFX file with certificate and private key. ConfigurationError when it is neither."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        load_pem_private_key,
        pkcs12,
    )

    try:
        with open(path, "rb") as file:
            data = file.read()
        secret = password.encode() or None
        if b"-----BEGIN" in data:
            key: Any = load_pem_private_key(data, secret)
            certificate: x509.Certificate | None = x509.load_pem_x509_certificate(data)
        else:
            key, certificate, _ = pkcs12.load_key_and_certificates(data, secret)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm):
        # The library's own text may repeat what was in the file.
        key = certificate = None
    if not isinstance(key, RSAPrivateKey) or certificate is None:
        raise ConfigurationError(
            f"AAD_CLIENT_CERTIFICATE_PATH ({path}) is not a PEM or PFX file with certificate and RSA private key, "
            "or AAD_CLIENT_CERTIFICATE_PASSWORD is not its password."
        )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return {"private_key": pem, "public_certificate": certificate.public_bytes(Encoding.PEM).decode()}


def _refusal(answer: dict[str, Any], otherwise: str) -> SignInError:
    """One line: AADSTS code, what was said, what to do, trace id."""
    said = str(answer.get("error_description") or answer.get("error") or otherwise)
    codes = answer.get("error_codes") or [int(code) for code in re.findall(r"AADSTS(\d+)", said)]
    advice = next((_ADVICE[code] for code in codes if code in _ADVICE), _ADVICE_WITHOUT_CODE if not codes else _ADVICE_ELSE)
    text = re.split(r"\s*Trace ID:|[\r\n]", said)[0].rstrip(". ")
    trace = f" (trace id {answer['trace_id']})" if answer.get("trace_id") else ""
    code = f"AADSTS{codes[0]}" if codes else str(answer.get("error", ""))
    return SignInError(f"Sign-in failed: {text}{trace}. What to do: {advice}.", code=code)
