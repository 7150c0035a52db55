"""Known secrets, masked by value wherever text leaves this process: errors, log lines, events and the output of commands.

Secrets are remembered where they enter (settings, token requests and their responses) and masked where text is made, before
it is shortened. A server may repeat a secret in any spelling, so the common encodings of each value are masked as well.
"""

import json
import logging
import re
from base64 import b64encode
from collections import OrderedDict
from collections.abc import Iterator
from threading import Lock
from urllib.parse import quote, quote_plus, unquote

MASK = "***"

_SHORTEST = 6
"""Characters of the shortest value that is masked. Shorter ones occur in ordinary words."""

_MAX_VALUES = 128
"""Values that are remembered: settings of several connections, and the latest tokens. The oldest are dropped."""

_START = 16
"""Characters at the start of a value that are enough to recognise one that a server has cut."""

_JWT = re.compile(r"(?:(?<![A-Za-z0-9])eyJ[\w+/=~-]{3,}|eyJ[\w+/=~-]{17,})(?:\.[\w+/=~-]*)*")
"""A JWT, and any other JSON object in base64, also when it is cut."""

_PERCENT = re.compile("%[0-9A-F]{2}")

_spellings: "OrderedDict[str, tuple[str, ...]]" = OrderedDict()
"""The spellings of each value, the latest value last."""
_by_length: list[str] = []
"""All spellings, the longest first. Replaced as a whole, so that readers need no lock."""
_lock = Lock()


def remember(*values: object) -> None:
    """Mask these values from now on. Values that are not text, or as short as parts of ordinary words, are ignored."""
    global _by_length
    with _lock:
        for value in values:
            text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
            if not isinstance(text, str) or len(text := text.strip()) < _SHORTEST:
                continue
            if text not in _spellings:
                _spellings[text] = tuple(dict.fromkeys(_spelled(text)))
            _spellings.move_to_end(text)
            while len(_spellings) > _MAX_VALUES:
                _spellings.popitem(last=False)
        _by_length = sorted({each for spelled in _spellings.values() for each in spelled}, key=len, reverse=True)


def remember_userinfo(url: str) -> None:
    """Mask the user's password in a URL, with or without a scheme: percent-encoded, decoded, and as sent to a proxy."""
    before, at, _ = (url.partition("://")[2] or url).rpartition("@")
    user, colon, password = before.partition(":")
    if at and colon:
        decoded = f"{unquote(user)}:{unquote(password)}"
        # With its user, even a short password is no ordinary word.
        remember(password, unquote(password), before, decoded, b64encode(decoded.encode()))


def masked(text: str) -> str:
    """Return `text` with every remembered secret, in any spelling, replaced by ***."""
    for spelling in _by_length:
        text = text.replace(spelling, MASK)
    for start in {spelling[:_START] for spelling in _by_length if len(spelling) >= 2 * _START}:
        if start in text:
            text = _without_cut(text, start)
    return _JWT.sub(MASK, text)


def _without_cut(text: str, start: str) -> str:
    """Return `text` without what follows `start` in a secret, as far as it follows it in the text."""
    rests = [spelling[_START:] for spelling in _by_length if spelling.startswith(start)]
    first, *parts = text.split(start)
    return MASK.join([first, *(part[max(_shared(part, rest) for rest in rests) :] for part in parts)])


def _shared(one: str, other: str) -> int:
    """Return how many characters both begin with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(one), len(other)))


def _spelled(value: str) -> Iterator[str]:
    """Yield the spellings in which a server or a library may repeat a value."""
    yield value
    for encoded in (quote(value, safe=""), quote(value), quote_plus(value)):
        yield encoded
        yield _PERCENT.sub(lambda found: found[0].lower(), encoded)
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield repr(value)[1:-1]
    yield value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    # In base64 of a longer text, such as Basic credentials, a value has one of three spellings. The characters at either end
    # depend on its neighbours, and are left out.
    raw = value.encode()
    for offset in range(3):
        encoded = b64encode(b"\0" * offset + raw).decode().rstrip("=")
        whole = (offset + len(raw)) * 8 // 6
        middle = encoded[(offset * 8 + 5) // 6 : whole]
        if len(middle) >= _SHORTEST:
            yield middle
            yield middle.replace("+", "-").replace("/", "_")


class MaskingFilter(logging.Filter):
    """A filter that masks secrets in the log records of a library."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Replace the message if it holds a secret. A record is never dropped."""
        try:
            text = record.getMessage()
        except (TypeError, ValueError):  # Arguments that do not fit the message, which logging reports itself.
            return True
        if (clean := masked(text)) != text:
            record.msg, record.args = clean, None
        if record.exc_info and (formatted := logging.Formatter().formatException(record.exc_info)):
            clean = masked(formatted)
            if clean != formatted:
                record.exc_info, record.exc_text = None, clean
        return True


_FILTER = MaskingFilter()


def mask_logs(*packages: str) -> None:
    """Mask secrets in the records of every logger that these packages have created so far."""
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] in packages:
            logging.getLogger(name).addFilter(_FILTER)
