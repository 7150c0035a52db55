"""The endpoint that gives a virtual machine the tokens of its managed identities.

Source: learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token.
"""

import time

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .registration import Registration
from .tokens import Tokens


def managed_identity(tokens: Tokens, registration: Registration, request: Request) -> Response:
    """Return the response of 169.254.169.254 on a virtual machine."""
    query = request.query_params
    if request.headers.get("metadata", "").lower() != "true" or "x-forwarded-for" in request.headers:
        return _error("invalid_request", "Required metadata header not specified")
    audience = tokens.audience(query.get("resource", ""))
    if "api-version" not in query or audience is None:
        return _error("invalid_resource", f"The resource principal named {query.get('resource', '')} was not found.")
    system_assigned = registration.object_id("system-assigned identity")
    client = query.get("client_id", system_assigned).lower()
    if client not in (registration.managed_identity, system_assigned):
        return _error("invalid_request", "Identity not found")
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


def _error(error: str, text: str) -> Response:
    return JSONResponse({"error": error, "error_description": text}, 400)
