"""Sign-in errors in one line: what the identity platform said, the trace id, and what to do about it.

Source: learn.microsoft.com/entra/identity-platform/reference-error-codes. The AADSTS code decides the advice; the OAuth
error does where there is no code, or none known here. See also `authority.py` for transient faults and unreachable hosts.
"""

import json
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aad_assets.errors import SignInError
from aad_assets.masking import masked
from aad_assets.settings import Connection

LOGIN_AGAIN = "Run aad-assets login again"

_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

_MAX_CHARACTERS = 500
_MAX_TRACE_ID = 60
"""Characters of a response that a message shows."""

_TOKEN = re.compile(r"eyJ[\w.+/=~-]*")
"""The start of every JWT, and of any other JSON object in base64."""

_SECRETS = "the app's Certificates & secrets"
_FEDERATED_CREDENTIALS = f"{_SECRETS} → Federated credentials"
_OTHER_CLOUD = "AAD_GRAPH_BASE_URL or AAD_CLOUD does not belong to this tenant's cloud. Correct it"
_POLICY = (
    "A conditional access policy blocks this sign-in. Ask the policy's owner to exclude the app, or to allow this machine"
)
_FEDERATED = (
    "The app has no federated credential for this token. Compare the token's issuer, subject and audience "
    f"(api://AzureADTokenExchange) with {_FEDERATED_CREDENTIALS}"
)
_NO_PERSON = (
    "A conditional access policy requires multi-factor authentication, which an app cannot perform. Ask the policy's owner "
    "to exclude the app"
)
_CONSENT = "Grant admin consent for the app's permissions"
_REDIRECT_URL = "Register AAD_REDIRECT_URL, letter for letter, in the app's Authentication page"

# AADSTS code → what to do about it, in one or two sentences, without the last full stop.
ADVICE = {
    7000215: f"AAD_CLIENT_SECRET is wrong. Paste the secret's value, not its ID, from {_SECRETS}",
    7000222: f"AAD_CLIENT_SECRET has expired. Create a new secret in {_SECRETS}",
    7000218: "This app needs a credential. Set AAD_CLIENT_SECRET or AAD_CLIENT_CERTIFICATE_PATH, or turn on 'Allow public "
    "client flows' in the app's Authentication page",
    700025: "This app is a public client. Unset AAD_CLIENT_SECRET and AAD_CLIENT_CERTIFICATE_PATH",
    7000112: "The app is disabled in this tenant. Enable it under Enterprise applications",
    700016: "AAD_CLIENT_ID is not known in this tenant. Check it and AAD_TENANT_ID",
    90002: "AAD_TENANT_ID is not known here. Check it, and that AAD_CLOUD is the tenant's cloud",
    900023: "AAD_TENANT_ID is neither a GUID nor a domain of a tenant. Correct it",
    900382: "AAD_CLOUD is not the tenant's cloud. Correct it",
    700027: "The certificate of AAD_CLIENT_CERTIFICATE_PATH is not the one uploaded to the app, or has expired. Upload the "
    f"public part of a valid one in {_SECRETS}",
    700021: "The credential belongs to another app than AAD_CLIENT_ID. Correct one of them",
    700023: "AAD_AUTHORITY_URL or AAD_CLOUD does not belong to this tenant's cloud. Correct it",
    7000229: "The app has no service principal in this tenant. Grant admin consent there, or run az ad sp create --id with "
    "AAD_CLIENT_ID",
    70021: _FEDERATED,
    70025: f"The app has no federated credential at all. Add one in {_FEDERATED_CREDENTIALS}",
    700211: _FEDERATED,
    700212: _FEDERATED,
    700213: _FEDERATED,
    5000811: "The token in AAD_FEDERATED_TOKEN_FILE is not signed by the issuer that it names. Check what writes the file",
    50027: "AAD_FEDERATED_TOKEN_FILE does not contain a token of that issuer. Check what writes the file",
    65001: _CONSENT,
    65004: "The consent was declined. Sign in again and accept, or have an administrator consent",
    90094: _CONSENT,
    70011: _OTHER_CLOUD,
    500011: _OTHER_CLOUD,
    50011: _REDIRECT_URL,
    500112: _REDIRECT_URL,
    50034: "This account is not in the tenant of AAD_TENANT_ID. Sign in with another one",
    50105: "The account is not assigned to the app. Assign it under Enterprise applications → Users and groups",
    53000: _POLICY,
    53001: _POLICY,
    53002: _POLICY,
    53003: "A conditional access policy blocks this app. Ask the policy's owner to exclude the app",
    53004: _POLICY,
    530003: _POLICY,
    530004: _POLICY,
    54005: "A code works only once",
    501481: "The code belongs to another sign-in. Use the newest address",
    9002313: "The pasted text is not a code of this sign-in",
}

_CLOCK = {700024, 500133}

# OAuth errors that a new sign-in fixes, for a person. Others would only come again.
_FIXED_BY_LOGIN = {
    "access_denied",
    "authorization_declined",
    "consent_required",
    "expired_token",
    "interaction_required",
    "invalid_grant",
    "login_required",
}

_ADVICE_FOR_OTHER_CODES = (
    "Check AAD_TENANT_ID, AAD_CLIENT_ID and the credential. Look up the code at https://login.microsoftonline.com/error"
)
_ADVICE_WITHOUT_CODE = "Check AAD_TENANT_ID, AAD_CLIENT_ID, AAD_CLOUD and AAD_AUTHORITY_URL"
_CORRECT_CLOCK = "Correct this machine's clock"


def sign_in_error(response: Mapping[str, Any], default: str, connection: Connection) -> SignInError:
    """Return the error for an OAuth error response, in one line: AADSTS code, description, trace id, advice.

    `default` is the description of a response that has none.
    """
    description = _description(response) or default
    codes = response.get("error_codes") or [int(code) for code in re.findall(r"AADSTS(\d+)", description)]
    # Masked before it is shortened: the start of a secret could not be recognised.
    text = masked("".join(filter(str.isprintable, re.split(r"\s*Trace ID:|[\r\n]", description)[0])).rstrip(". "))
    text = text if len(text) <= _MAX_CHARACTERS else f"{text[:_MAX_CHARACTERS]}…"
    trace_id = response.get("trace_id") or next(iter(re.findall(r"Trace ID: (\S+)", description)), "")
    trace = f" (trace id {masked(str(trace_id))[:_MAX_TRACE_ID]})" if trace_id else ""
    code = f"AADSTS{codes[0]}" if codes else _text(response.get("error"))
    advice = _advice(response, codes, connection)
    return SignInError(f"Sign-in failed: {text}{trace}. {advice}.", code=code)


def _description(response: Mapping[str, Any]) -> str:
    """Return the description without secrets: msal passes on some responses of managed identities whole, token included."""
    description = response.get("error_description") or response.get("error") or ""
    if isinstance(description, str) and description.lstrip().startswith(("{", "[")):
        try:
            description = json.loads(description)
        except ValueError:
            return ""
    if isinstance(description, Mapping):
        error = description.get("error")
        members = (error, error.get("message") if isinstance(error, Mapping) else "", description.get("message"))
        description = ": ".join(filter(None, map(_text, members)))
    return _TOKEN.sub("…", _text(description))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _advice(response: Mapping[str, Any], codes: list[int], connection: Connection) -> str:
    if _CLOCK.intersection(codes):
        return _clock_advice(response, connection)
    if 7000215 in codes and _GUID.fullmatch(connection.client_secret):
        return (
            "AAD_CLIENT_SECRET contains the secret's ID. Paste the secret's value, which is shown once when it is created, "
            f"from {_SECRETS}"
        )
    if 50076 in codes and connection.auth_method != "delegated":
        return _NO_PERSON
    known = next((ADVICE[code] for code in codes if code in ADVICE), "")
    if connection.auth_method == "managed_identity" and not known:
        return "Check that this machine has the identity that AAD_MANAGED_IDENTITY names"
    if connection.auth_method == "delegated" and response.get("error") in _FIXED_BY_LOGIN:
        return f"{known}. {LOGIN_AGAIN}" if known else LOGIN_AGAIN
    return known or (_ADVICE_FOR_OTHER_CODES if codes else _ADVICE_WITHOUT_CODE)


def _clock_advice(response: Mapping[str, Any], connection: Connection) -> str:
    """Return the advice for an assertion outside its lifetime: the clock is wrong, or nothing renewed the assertion."""
    try:
        theirs = datetime.strptime(str(response.get("timestamp")), "%Y-%m-%d %H:%M:%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return _CORRECT_CLOCK
    behind = theirs - time.time()
    if abs(behind) > 120:
        side = "behind" if behind > 0 else "ahead of"
        return f"This machine's clock is {round(abs(behind) / 60)} minutes {side} the sign-in service's. Correct it"
    if connection.auth_method == "workload_identity":
        return "The token in AAD_FEDERATED_TOKEN_FILE has expired. Check that the file is still being renewed"
    return _CORRECT_CLOCK
