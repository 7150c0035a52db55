"""Tokens for an app itself: client_credentials, and the managed identities' endpoint.

Sources: learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow and
/entra/identity/managed-identities-azure-resources/how-to-use-vm-token.
"""

import time
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .refusals import AadError, blocked, invalid_scope
from .registration import Registration, Rules
from .tokens import Tokens


def client_credentials(
    tokens: Tokens, registration: Registration, rules: Rules, client: str, form: dict[str, str]
) -> dict[str, Any]:
    """The answer of the token endpoint; the app has given its proof."""
    if client == registration.public_client_id:
        raise AadError(400, "unauthorized_client", 700025, "Client is public and cannot ask for a token of its own.")
    scope = form.get("scope", "")
    audience = tokens.audience(scope.removesuffix("/.default")) if scope.endswith("/.default") else None
    if audience is None:
        raise invalid_scope(scope)
    if rules.blocked:
        raise blocked()
    return tokens.app(audience, client, form.get("claims", ""))


def managed_identity(tokens: Tokens, registration: Registration, request: Request) -> Response:
    """What 169.254.169.254 answers on a virtual machine."""
    query = request.query_params
    if request.headers.get("metadata", "").lower() != "true" or "x-forwarded-for" in request.headers:
        return _refused("invalid_request", "Required metadata header not specified")
    audience = tokens.audience(query.get("resource", ""))
    if "api-version" not in query or audience is None:
        return _refused("invalid_resource", f"The resource principal named {query.get('resource', '')} was not found.")
    client = query.get("client_id", registration.object_id("system-assigned identity")).lower()
    if client not in (registration.managed_identity, registration.object_id("system-assigned identity")):
        return _refused("invalid_request", "Identity not found")
    answer = tokens.app(audience, client, "")
    now, lifetime = int(time.time()), answer["expires_in"]
    return JSONResponse(
        {
            "access_token": answer["access_token"],
            "client_id": client,
            "expires_in": str(lifetime),
            "expires_on": str(now + lifetime),
            "ext_expires_in": str(lifetime),
            "not_before": str(now),
            "resource": query["resource"],
            "token_type": "Bearer",
        }
    )


def _refused(error: str, text: str) -> Response:
    return JSONResponse({"error": error, "error_description": text}, 400)
