"""The Microsoft identity platform as an app-only client meets it: discovery, keys, token endpoint, and the check of tokens.

What a token allows is decided in graph.py.
"""

import base64
import hashlib
import time
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .errors import unauthorized

_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_PUBLIC_AUDIENCE = "https://graph.microsoft.com"


class AadError(Exception):
    """A refusal of the sign-in service: HTTP status, OAuth `error`, AADSTS number and text."""

    def __init__(self, status: int, error: str, code: int, text: str) -> None:
        super().__init__(text)
        self.status, self.error, self.code, self.text = status, error, code, text

    def response(self) -> JSONResponse:
        """The body as login.microsoftonline.com words it."""
        now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
        text = f"AADSTS{self.code}: {self.text} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {now}"
        return JSONResponse(
            {
                "error": self.error,
                "error_description": text,
                "error_codes": [self.code],
                "timestamp": now,
                "trace_id": trace,
                "correlation_id": correlation,
                "error_uri": f"https://login.microsoftonline.com/error?code={self.code}",
            },
            self.status,
        )


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _number(value: int) -> str:
    return _base64url(value.to_bytes((value.bit_length() + 7) // 8, "big"))


class Identity:
    """One tenant with one registered app.

    `origin` is this server's https://host:port; `roles` go into every token; `lifetime` is in seconds.
    """

    def __init__(
        self,
        origin: str,
        tenant_id: str,
        domain: str,
        client_id: str,
        secret: str,
        certificate: x509.Certificate,
        roles: Sequence[str],
        lifetime: int,
    ) -> None:
        self._origin, self._tenant_id, self._domain = origin, tenant_id, domain
        self._client_id, self._secret, self._certificate = client_id, secret, certificate
        self._roles, self._lifetime = list(roles), lifetime
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        public = self._key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self._key_id = _base64url(hashlib.sha256(public).digest()[:20])
        self._seen: dict[str, dict[str, Any]] = {}
        self.issued = 0

    def routes(self) -> list[Route]:
        """The endpoints."""
        return [
            Route("/common/discovery/instance", self._instance),
            Route("/{tenant}/v2.0/.well-known/openid-configuration", self._configuration),
            Route("/{tenant}/discovery/v2.0/keys", self._keys),
            Route("/{tenant}/oauth2/v2.0/token", self._token, methods=["POST"]),
        ]

    def _check_tenant(self, tenant: str) -> None:
        if tenant.lower() not in (self._tenant_id, self._domain.lower()):
            raise AadError(
                400,
                "invalid_tenant",
                90002,
                f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the "
                "correct cloud. Check with your subscription administrator, this may happen if there are no active "
                "subscriptions for the tenant.",
            )

    async def _instance(self, _: Request) -> Response:
        host = self._origin.removeprefix("https://")
        return JSONResponse(
            {
                "tenant_discovery_endpoint": f"{self._origin}/{self._tenant_id}/v2.0/.well-known/openid-configuration",
                "api-version": "1.1",
                "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
            }
        )

    async def _configuration(self, request: Request) -> Response:
        try:
            self._check_tenant(request.path_params["tenant"])
        except AadError as error:
            return error.response()
        tenant = f"{self._origin}/{self._tenant_id}"
        return JSONResponse(
            {
                "token_endpoint": f"{tenant}/oauth2/v2.0/token",
                "token_endpoint_auth_methods_supported": [
                    "client_secret_post",
                    "private_key_jwt",
                    "client_secret_basic",
                ],
                "jwks_uri": f"{tenant}/discovery/v2.0/keys",
                "response_modes_supported": ["query", "fragment", "form_post"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
                "scopes_supported": ["openid", "profile", "email", "offline_access"],
                "issuer": f"{tenant}/v2.0",
                "authorization_endpoint": f"{tenant}/oauth2/v2.0/authorize",
                "device_authorization_endpoint": f"{tenant}/oauth2/v2.0/devicecode",
                "end_session_endpoint": f"{tenant}/oauth2/v2.0/logout",
                "tenant_region_scope": "EU",
                "cloud_instance_name": "microsoftonline.com",
                "msgraph_host": self._origin.removeprefix("https://"),
            }
        )

    async def _keys(self, _: Request) -> Response:
        numbers = self._key.public_key().public_numbers()
        key = {
            "kty": "RSA",
            "use": "sig",
            "kid": self._key_id,
            "n": _number(numbers.n),
            "e": _number(numbers.e),
        }
        return JSONResponse({"keys": [key]})

    async def _token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True))
        authorization = request.headers.get("authorization", "")
        if authorization.lower().startswith("basic "):
            user, _, password = base64.b64decode(authorization[6:]).decode().partition(":")
            form.setdefault("client_id", user)
            form.setdefault("client_secret", password)
        try:
            self._check_tenant(request.path_params["tenant"])
            return self._grant(form, str(request.url))
        except AadError as error:
            return error.response()

    def _grant(self, form: dict[str, str], url: str) -> Response:
        grant = form.get("grant_type")
        if not grant:
            raise AadError(
                400,
                "invalid_request",
                900144,
                "The request body must contain the following parameter: 'grant_type'.",
            )
        if grant != "client_credentials":
            raise AadError(
                400,
                "unsupported_grant_type",
                70003,
                f"The app requested an unsupported grant type '{grant}'.",
            )
        client = form.get("client_id", "")
        if not client:
            raise AadError(
                400,
                "invalid_request",
                900144,
                "The request body must contain the following parameter: 'client_id'.",
            )
        if client.lower() != self._client_id:
            raise AadError(
                400,
                "unauthorized_client",
                700016,
                f"Application with identifier '{client}' was not found in the directory '{self._domain}'. This can happen if "
                "the application has not been installed by the administrator of the tenant or consented to by any user in "
                "the tenant. You may have sent your authentication request to the wrong tenant.",
            )
        if "client_assertion" in form:
            self._check_assertion(form, url)
        elif "client_secret" not in form:
            raise AadError(
                401,
                "invalid_client",
                7000218,
                "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
            )
        elif form["client_secret"] != self._secret:
            raise AadError(
                401,
                "invalid_client",
                7000215,
                "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not "
                f"the client secret ID, for a secret added to app '{client}'.",
            )
        scope = form.get("scope", "")
        if scope.lower() not in (f"{self._origin}/.default", f"{_PUBLIC_AUDIENCE}/.default"):
            raise AadError(
                400,
                "invalid_scope",
                70011,
                f"The provided request must include a 'scope' input parameter. The provided value for the input parameter "
                f"'scope' is not valid. The scope {scope} is not valid.",
            )
        lifetime = self._lifetime
        return JSONResponse(
            {
                "token_type": "Bearer",
                "expires_in": lifetime,
                "ext_expires_in": lifetime,
                "access_token": self._issue(scope[: -len("/.default")]),
            },
            headers={"Cache-Control": "no-store, no-cache", "Pragma": "no-cache"},
        )

    def _issue(self, audience: str) -> str:
        now = int(time.time())
        self.issued += 1
        claims = {
            "aud": audience,
            "iss": f"{self._origin}/{self._tenant_id}/v2.0",
            "iat": now,
            "nbf": now,
            "exp": now + self._lifetime,
            "appid": self._client_id,
            "azp": self._client_id,
            "idtyp": "app",
            "oid": str(uuid.uuid5(uuid.UUID(self._tenant_id), "principal")),
            "roles": self._roles,
            "tid": self._tenant_id,
            "uti": _base64url(uuid.uuid4().bytes),
            "ver": "1.0",
            "x_issued": time.time(),
        }
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": self._key_id, "x5t": self._key_id})

    def _check_assertion(self, form: dict[str, str], url: str) -> None:
        """A client assertion signed with the registered certificate (RFC 7523)."""
        assertion = form["client_assertion"]
        bad = AadError(
            401,
            "invalid_client",
            700027,
            "The certificate with identifier used to sign the client assertion is not registered on application, or the "
            "signature of the assertion does not match.",
        )
        if form.get("client_assertion_type") != _ASSERTION:
            raise AadError(400, "invalid_request", 50027, "The client_assertion_type is not supported.")
        der = self._certificate.public_bytes(serialization.Encoding.DER)
        thumbprints = {_base64url(hashlib.sha1(der).digest()), _base64url(hashlib.sha256(der).digest())}
        try:
            header = jwt.get_unverified_header(assertion)
            if str(header.get("x5t#S256") or header.get("x5t", "")).rstrip("=") not in thumbprints:
                raise bad
            key = self._certificate.public_key()
            assert isinstance(key, rsa.RSAPublicKey)
            endpoints = [f"{self._origin}/{name}/oauth2/v2.0/token" for name in (self._tenant_id, self._domain)]
            claims = jwt.decode(
                assertion,
                key,
                algorithms=["RS256", "PS256"],
                audience=[*endpoints, url],
                options={"require": ["exp"]},
            )
        except jwt.ExpiredSignatureError:
            raise AadError(401, "invalid_client", 700024, "Client assertion is not within its valid time range.") from None
        except jwt.InvalidAudienceError:
            raise AadError(
                401, "invalid_client", 700023, "Client assertion audience claim does not match Realm issuer."
            ) from None
        except jwt.InvalidTokenError:
            raise bad from None
        if claims.get("iss") != self._client_id or claims.get("sub") != self._client_id:
            raise AadError(
                401,
                "invalid_client",
                700021,
                "Client assertion application identifier doesn't match 'client_id' parameter.",
            )

    def claims(self, authorization: str | None) -> dict[str, Any]:
        """The claims of a bearer token; GraphError 401 when it is missing, forged, meant for another or expired."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise unauthorized("Access token is empty.")
        claims = self._seen.get(token)
        if claims is None:
            try:
                claims = jwt.decode(
                    token,
                    self._key.public_key(),
                    algorithms=["RS256"],
                    audience=[self._origin, _PUBLIC_AUDIENCE],
                )
            except jwt.ExpiredSignatureError:
                raise unauthorized("Lifetime validation failed, the token is expired.") from None
            except jwt.InvalidAudienceError:
                raise unauthorized("Access token validation failure. Invalid audience.") from None
            except jwt.InvalidTokenError:
                raise unauthorized("CompactToken parsing failed with error code: 80049217") from None
            if len(self._seen) > 1000:
                self._seen.clear()
            self._seen[token] = claims
        if claims["exp"] <= time.time():
            raise unauthorized("Lifetime validation failed, the token is expired.")
        return claims
