"""The sign-in endpoints of the tenant: discovery, authorization, device codes, tokens by grant, managed identities."""

import base64
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ..data import table
from . import pages
from .errors import AadError, reject
from .interactive import DEVICE_PATH, Authorize, Devices
from .registration import NATIVE_CLIENT, Registration
from .tokens import Tokens

_DISCOVERY: dict[str, Any] = table(__package__, "discovery")
_NO_STORE = {"Cache-Control": "no-store, no-cache", "Pragma": "no-cache"}

Endpoint = Callable[[Request], Awaitable[Response]]


class Identity:
    """One tenant's sign-in. `tokens` also checks what Graph receives; `rules` may be changed at any time."""

    def __init__(self, registration: Registration) -> None:
        self._registration, self.rules = registration, registration.rules
        self.tokens = Tokens(registration)
        self._authorize = Authorize(self.tokens, registration)
        self._devices = Devices(self.tokens, registration)
        self._grants: dict[str, Callable[[str, dict[str, str]], dict[str, Any]]] = {
            "client_credentials": self._client_credentials,
            "authorization_code": self._authorize.redeemed,
            "refresh_token": self.tokens.refreshed,
            "urn:ietf:params:oauth:grant-type:device_code": self._devices.redeemed,
        }

    def routes(self) -> list[Route]:
        """Return the endpoints."""
        both = ["GET", "POST"]
        authorize = self._of_tenant(self._authorize.endpoint, lambda error: pages.failure(error.body()["error_description"]))
        return [
            Route("/common/discovery/instance", self._document("instance")),
            Route(NATIVE_CLIENT, self._native_client),
            Route(DEVICE_PATH, self._devices.endpoint, methods=both),
            Route("/metadata/identity/oauth2/token", self._managed_identity),
            Route("/{tenant}/v2.0/.well-known/openid-configuration", self._of_tenant(self._document("openid"))),
            Route("/{tenant}/discovery/v2.0/keys", self._keys),
            Route("/{tenant}/oauth2/v2.0/authorize", authorize, methods=both),
            Route("/{tenant}/oauth2/v2.0/devicecode", self._of_tenant(self._device_code), methods=["POST"]),
            Route("/{tenant}/oauth2/v2.0/token", self._of_tenant(self._token), methods=["POST"]),
        ]

    def _of_tenant(self, endpoint: Endpoint, failed: Callable[[AadError], Response] | None = None) -> Endpoint:
        """Return an endpoint that exists for this tenant only, and responds to AadError with `failed`."""

        async def checked(request: Request) -> Response:
            tenant = request.path_params["tenant"]
            try:
                names = (self._registration.tenant_id, self._registration.domain.lower())
                reject(tenant.lower() not in names, "unknown_tenant", tenant=tenant)
                return await endpoint(request)
            except AadError as error:
                return failed(error) if failed else error.response(self.rules.clock_offset)

        return checked

    def _document(self, name: str) -> Endpoint:
        """Return an endpoint that shows a document of discovery.yaml."""
        tenant, host = f"{self._registration.origin}/{self._registration.tenant_id}", self._registration.origin[8:]
        text = json.dumps(_DISCOVERY[name]).replace("{tenant}", tenant).replace("{host}", host)

        async def shown(_: Request) -> Response:
            return JSONResponse(json.loads(text))

        return shown

    async def _keys(self, _: Request) -> Response:
        return JSONResponse(self.tokens.keys())

    async def _native_client(self, request: Request) -> Response:
        query = request.query_params
        return pages.failure(query.get("error_description", "")) if "error" in query else pages.code(query.get("code", ""))

    async def _managed_identity(self, request: Request) -> Response:
        """Respond as 169.254.169.254 does on a virtual machine.

        Source: learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token.
        """
        query, system_assigned = request.query_params, self._registration.object_id("system-assigned identity")
        resource, client = query.get("resource", ""), query.get("client_id", system_assigned).lower()
        audience = self.tokens.audience(resource)
        error = ""
        if request.headers.get("metadata", "").lower() != "true" or "x-forwarded-for" in request.headers:
            error, text = "invalid_request", "Required metadata header not specified"
        elif "api-version" not in query or audience is None:
            error, text = "invalid_resource", f"The resource principal named {resource} was not found."
        elif client not in (self._registration.managed_identity, system_assigned):
            error, text = "invalid_request", "Identity not found"
        if error or audience is None:
            return JSONResponse({"error": error, "error_description": text}, 400)
        answer, now = self.tokens.app(audience, client, ""), int(time.time())
        lifetime = answer["expires_in"]
        times = {"expires_in": lifetime, "expires_on": now + lifetime, "ext_expires_in": lifetime, "not_before": now}
        shown = {name: str(value) for name, value in times.items()}
        token = {"access_token": answer["access_token"], "client_id": client, **shown}
        return JSONResponse({**token, "resource": resource, "token_type": "Bearer"})

    async def _device_code(self, request: Request) -> Response:
        form = await pages.posted(request)
        return JSONResponse(self._devices.begin(self._registration.known(form.get("client_id", "")), form))

    async def _token(self, request: Request) -> Response:
        form = await pages.posted(request)
        authorization = request.headers.get("authorization", "")
        if authorization.lower().startswith("basic "):
            user, _, password = base64.b64decode(authorization[6:]).decode().partition(":")
            form = {"client_id": user, "client_secret": password, **form}
        grant = form.get("grant_type")
        if not grant:
            raise AadError("missing", parameter="grant_type")
        reject(grant not in self._grants, "unsupported_grant", grant=grant)
        client = self._registration.authenticated(form, str(request.url))
        return JSONResponse(self._grants[grant](client, form), headers=_NO_STORE)

    def _client_credentials(self, client: str, form: dict[str, str]) -> dict[str, Any]:
        """Return a token for an app itself.

        Source: learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow.
        """
        reject(client == self._registration.public_client_id, "public_client")
        scope = form.get("scope", "")
        audience = self.tokens.audience(scope.removesuffix("/.default")) if scope.endswith("/.default") else None
        if audience is None:
            raise AadError("invalid_scope", scope=scope)
        reject(self.rules.blocked, "blocked")
        return self.tokens.app(audience, client, form.get("claims", ""))
