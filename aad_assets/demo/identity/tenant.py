"""The endpoints: discovery, keys, authorization, device codes, tokens by grant, managed identities.

What each grant asks for stands in a module of its own.
"""

import base64
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from . import device, pages
from .app_only import client_credentials, managed_identity
from .authorize import Authorize
from .clients import authenticated, known
from .device import Devices
from .refresh import People
from .refusals import AadError, missing, unknown_tenant
from .registration import NATIVE_CLIENT, Registration, Rules
from .tokens import Tokens

_NO_STORE = {"Cache-Control": "no-store, no-cache", "Pragma": "no-cache"}


class Identity:
    """One tenant's sign-in. `tokens` also answers for what Graph is sent, `rules` may be changed at any time."""

    def __init__(self, registration: Registration, lifetime: int) -> None:
        self._registration = registration
        self.rules = Rules(lifetime)
        self.tokens = Tokens(registration, self.rules)
        self._people = People(self.tokens, registration, self.rules)
        self._authorize = Authorize(self._people, registration, self.rules)
        self._devices = Devices(self._people, registration, self.rules, self._authorize.is_person)

    def routes(self) -> list[Route]:
        """The endpoints."""
        both = ["GET", "POST"]
        return [
            Route("/common/discovery/instance", self._instance),
            Route(NATIVE_CLIENT, self._native_client),
            Route(device.PATH, self._devices.endpoint, methods=both),
            Route("/metadata/identity/oauth2/token", self._managed_identity),
            Route("/{tenant}/v2.0/.well-known/openid-configuration", self._configuration),
            Route("/{tenant}/discovery/v2.0/keys", self._keys),
            Route("/{tenant}/oauth2/v2.0/authorize", self._authorization, methods=both),
            Route("/{tenant}/oauth2/v2.0/devicecode", self._device_code, methods=["POST"]),
            Route("/{tenant}/oauth2/v2.0/token", self._token, methods=["POST"]),
        ]

    def _check_tenant(self, request: Request) -> None:
        tenant = request.path_params["tenant"]
        if tenant.lower() not in (self._registration.tenant_id, self._registration.domain.lower()):
            raise unknown_tenant(tenant)

    async def _instance(self, _: Request) -> Response:
        origin = self._registration.origin
        host = origin.removeprefix("https://")
        return JSONResponse(
            {
                "tenant_discovery_endpoint": f"{origin}/{self._registration.tenant_id}/v2.0/.well-known/openid-configuration",
                "api-version": "1.1",
                "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
            }
        )

    async def _configuration(self, request: Request) -> Response:
        try:
            self._check_tenant(request)
        except AadError as error:
            return error.response(self.rules.clock_offset)
        origin = self._registration.origin
        tenant = f"{origin}/{self._registration.tenant_id}"
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
                "msgraph_host": origin.removeprefix("https://"),
            }
        )

    async def _keys(self, _: Request) -> Response:
        return JSONResponse(self.tokens.keys())

    async def _native_client(self, request: Request) -> Response:
        query = request.query_params
        return pages.refusal(query.get("error_description", "")) if "error" in query else pages.code(query.get("code", ""))

    async def _authorization(self, request: Request) -> Response:
        try:
            self._check_tenant(request)
        except AadError as error:
            return pages.refusal(str(error.body()["error_description"]))
        return await self._authorize.endpoint(request)

    async def _managed_identity(self, request: Request) -> Response:
        return managed_identity(self.tokens, self._registration, request)

    async def _device_code(self, request: Request) -> Response:
        form = _form(await request.body())
        try:
            self._check_tenant(request)
            return JSONResponse(self._devices.begin(known(self._registration, form.get("client_id", "")), form))
        except AadError as error:
            return error.response(self.rules.clock_offset)

    async def _token(self, request: Request) -> Response:
        form = _form(await request.body())
        authorization = request.headers.get("authorization", "")
        if authorization.lower().startswith("basic "):
            user, _, password = base64.b64decode(authorization[6:]).decode().partition(":")
            form.setdefault("client_id", user)
            form.setdefault("client_secret", password)
        try:
            self._check_tenant(request)
            return JSONResponse(self._granted(form, str(request.url)), headers=_NO_STORE)
        except AadError as error:
            return error.response(self.rules.clock_offset)

    def _granted(self, form: dict[str, str], url: str) -> dict[str, Any]:
        grant = form.get("grant_type")
        if not grant:
            raise missing("grant_type")
        if grant not in _GRANTS:
            raise AadError(400, "unsupported_grant_type", 70003, f"The app requested an unsupported grant type '{grant}'.")
        client = authenticated(self._registration, self.rules, form, url)
        match grant:
            case "client_credentials":
                return client_credentials(self.tokens, self._registration, self.rules, client, form)
            case "authorization_code":
                return self._authorize.redeemed(client, form)
            case "refresh_token":
                return self._people.refreshed(client, form)
            case _:
                return self._devices.redeemed(client, form)


_GRANTS = {
    "client_credentials",
    "authorization_code",
    "refresh_token",
    "urn:ietf:params:oauth:grant-type:device_code",
}


def _form(body: bytes) -> dict[str, str]:
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
