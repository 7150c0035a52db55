"""Refusals of the identity platform in one line: what it said, the trace id, and what to do about it.

Sources: learn.microsoft.com/entra/identity-platform/reference-error-codes. The AADSTS code is shown; where a refusal has none
that is known here, the OAuth error decides. Not here: faults that pass, and hosts out of reach (`authority.py`).
"""

import json
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aad_assets.errors import SignInError
from aad_assets.settings import Connection

LOGIN_AGAIN = "run aad-assets login again"

_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

_TOKEN = re.compile(r"eyJ[\w.+/=~-]*")
"""How every JWT begins, and any other JSON object in base64."""

_SECRETS = "the app's Certificates & secrets"
_OTHER_CLOUD = "AAD_GRAPH_BASE_URL or AAD_CLOUD does not belong to this tenant's cloud"
_POLICY = "a conditional access policy blocks this sign-in: ask who keeps it to exclude the app, or to admit this machine"
_FEDERATED = (
    "the app has no federated credential for this token: compare its issuer, subject and audience "
    "(api://AzureADTokenExchange) with the app's Certificates & secrets → Federated credentials"
)
_NO_PERSON = (
    "a conditional access policy asks for multi-factor authentication, which an app cannot give: ask who keeps it to exclude "
    "the app"
)
_CONSENT = "grant admin consent for the app's permissions"

# AADSTS code → what to do about it.
_ADVICE = {
    7000215: f"AAD_CLIENT_SECRET is wrong: paste the secret's value, not its ID, from {_SECRETS}",
    7000222: f"AAD_CLIENT_SECRET has expired: create a new secret in {_SECRETS}",
    7000218: "this app needs a credential: set AAD_CLIENT_SECRET or AAD_CLIENT_CERTIFICATE_PATH, or turn on 'Allow public "
    "client flows' in the app's Authentication page",
    700025: "this app is a public client: unset AAD_CLIENT_SECRET and AAD_CLIENT_CERTIFICATE_PATH",
    7000112: "the app is disabled in this tenant: enable it under Enterprise applications",
    700016: "AAD_CLIENT_ID is not known in this tenant: check it and AAD_TENANT_ID",
    90002: "AAD_TENANT_ID is not known here: check it, and that AAD_CLOUD is the tenant's cloud",
    900023: "AAD_TENANT_ID is neither a GUID nor a domain of a tenant",
    900382: "AAD_CLOUD is not the tenant's cloud",
    700027: "the certificate of AAD_CLIENT_CERTIFICATE_PATH is not the one uploaded to the app, or has expired: upload the "
    f"public part of a valid one in {_SECRETS}",
    700021: "the credential belongs to another app than AAD_CLIENT_ID",
    700023: "AAD_AUTHORITY_URL or AAD_CLOUD does not belong to this tenant's cloud",
    7000229: "the app has no service principal in this tenant: grant admin consent there, or run az ad sp create --id with "
    "AAD_CLIENT_ID",
    70021: _FEDERATED,
    70025: "the app has no federated credential at all: add one in its Certificates & secrets → Federated credentials",
    700211: _FEDERATED,
    700212: _FEDERATED,
    700213: _FEDERATED,
    5000811: "the token of AAD_FEDERATED_TOKEN_FILE is not signed by the issuer that it names",
    50027: "what AAD_FEDERATED_TOKEN_FILE holds is no token of that issuer",
    65001: _CONSENT,
    65004: "the consent was declined: sign in again and accept, or have an administrator consent",
    90094: _CONSENT,
    70011: _OTHER_CLOUD,
    500011: _OTHER_CLOUD,
    50011: "register AAD_REDIRECT_URL, letter by letter, in the app's Authentication page",
    500112: "register AAD_REDIRECT_URL, letter by letter, in the app's Authentication page",
    50034: "this account is not in the tenant of AAD_TENANT_ID: sign in with another one",
    50105: "the account is not assigned to the app: assign it under Enterprise applications → Users and groups",
    53000: _POLICY,
    53001: _POLICY,
    53002: _POLICY,
    53003: "a conditional access policy blocks this app: ask who keeps it to exclude the app",
    53004: _POLICY,
    530003: _POLICY,
    530004: _POLICY,
    54005: "a code can be used once",
    501481: "the code belongs to another sign-in: use the newest address",
    9002313: "what was pasted is no code of this sign-in",
}

_CLOCK = {700024, 500133}

# What signing in anew mends, for people; other refusals would only come again.
_STALE = {
    "access_denied",
    "authorization_declined",
    "consent_required",
    "expired_token",
    "interaction_required",
    "invalid_grant",
    "login_required",
}

_ADVICE_ELSE = (
    "check AAD_TENANT_ID, AAD_CLIENT_ID and the credential; the code's page is at https://login.microsoftonline.com/error"
)
_ADVICE_WITHOUT_CODE = "check AAD_TENANT_ID, AAD_CLIENT_ID, AAD_CLOUD and AAD_AUTHORITY_URL"


def sign_in_error(answer: Mapping[str, Any], otherwise: str, connection: Connection) -> SignInError:
    """One line: AADSTS code, what was said (`otherwise`: when nothing was), trace id, what to do."""
    said = _said(answer) or otherwise
    codes = answer.get("error_codes") or [int(code) for code in re.findall(r"AADSTS(\d+)", said)]
    text = "".join(filter(str.isprintable, re.split(r"\s*Trace ID:|[\r\n]", said)[0])).rstrip(". ")
    trace_id = answer.get("trace_id") or next(iter(re.findall(r"Trace ID: (\S+)", said)), "")
    trace = f" (trace id {trace_id})" if trace_id else ""
    code = f"AADSTS{codes[0]}" if codes else _text(answer.get("error"))
    advice = _advice(answer, codes, connection)
    return SignInError(f"Sign-in failed: {text}{trace}. What to do: {advice}.", code=code)


def _said(answer: Mapping[str, Any]) -> str:
    """What may be shown. msal gives some answers of managed identities as a whole for the description, token and all."""
    said = answer.get("error_description") or answer.get("error") or ""
    if isinstance(said, str) and said.lstrip().startswith(("{", "[")):
        try:
            said = json.loads(said)
        except ValueError:
            return ""
    if isinstance(said, Mapping):
        within = said.get("error")
        members = (within, within.get("message") if isinstance(within, Mapping) else "", said.get("message"))
        said = ": ".join(filter(None, map(_text, members)))
    return _TOKEN.sub("…", _text(said))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _advice(answer: Mapping[str, Any], codes: list[int], connection: Connection) -> str:
    if _CLOCK.intersection(codes):
        return _clock_advice(answer, connection)
    if 7000215 in codes and _GUID.fullmatch(connection.client_secret):
        return f"AAD_CLIENT_SECRET holds the secret's ID: paste its value, shown once when it is made, from {_SECRETS}"
    if 50076 in codes and connection.credential != "delegated":
        return _NO_PERSON
    known = next((_ADVICE[code] for code in codes if code in _ADVICE), "")
    if connection.credential == "managed_identity" and not known:
        return "check that this machine has the identity that AAD_MANAGED_IDENTITY names"
    if connection.credential == "delegated" and answer.get("error") in _STALE:
        return f"{known}; then {LOGIN_AGAIN}" if known else LOGIN_AGAIN
    return known or (_ADVICE_ELSE if codes else _ADVICE_WITHOUT_CODE)


def _clock_advice(answer: Mapping[str, Any], connection: Connection) -> str:
    """An assertion out of its time: by a clock that is wrong, or since nobody renewed it."""
    try:
        theirs = datetime.strptime(str(answer.get("timestamp")), "%Y-%m-%d %H:%M:%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return "set this machine's clock right"
    behind = theirs - time.time()
    if abs(behind) > 120:
        side = "behind" if behind > 0 else "ahead of"
        return f"this machine's clock is {round(abs(behind) / 60)} minutes {side} the sign-in service's: set it right"
    if connection.credential == "workload_identity":
        return "the token of AAD_FEDERATED_TOKEN_FILE has expired: see that what writes the file goes on renewing it"
    return "set this machine's clock right"
