"""Posting JSON to a webhook. An alert never fails a run, so a failure is a sentence, which does not show the address."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from aad_assets.settings import Connection
from aad_assets.transport import TRANSPORT_ERRORS, Transport

_ATTEMPTS = 3
_ATTEMPT_SECONDS = 8.0
_LONGEST_WAIT = 10.0
_TRANSIENT = {408, 425, 429, 500, 502, 503, 504}


def post(url: str, message: Mapping[str, Any], ca_bundle: str = "", sleep: Callable[[float], None] = time.sleep) -> str:
    """Post a message. Return an empty string, or a sentence that says why it was not accepted.

    Three attempts of at most 8 seconds each, with at most 10 seconds in between. Redirects are not followed. The proxies of
    the environment apply, and the CAs in `ca_bundle`. Raises ConfigurationError if one of these cannot be used.
    """
    transport = Transport(Connection(ca_bundle=ca_bundle, request_timeout=_ATTEMPT_SECONDS))
    reason = ""
    with transport.sync_client() as client:
        for attempt in range(1, _ATTEMPTS + 1):
            wait = float(attempt)
            try:
                response = client.post(url, json=dict(message))
            except TRANSPORT_ERRORS as error:
                reason = f"no response ({type(error).__name__})"
            else:
                if response.is_success:
                    return ""
                reason = f"HTTP {response.status_code}"
                if response.status_code not in _TRANSIENT:
                    break
                wait = _seconds(response.headers.get("retry-after", "")) or wait
            if attempt < _ATTEMPTS:
                sleep(min(wait, _LONGEST_WAIT))
    advice = "Check the URL, and whether this machine reaches its host."
    return f"The alert could not be posted to AAD_ALERT_WEBHOOK: {reason}. {advice}"


def _seconds(text: str) -> float:
    return float(text) if text.isdecimal() else 0.0
