r"""Lone surrogates: `"\ud83d"` without its other half, which Graph sends where a text was cut in the middle of a character.

msgspec refuses a whole page for one of them. So they are hidden as bytes that UTF-8 does not have, the page is decoded, and
they are shown again in the rows. Not here: what becomes of such a value (`warehouse/proof.py` reports it as a reject).
"""

import re

import msgspec

# A pair, one alone (the group), or any other escape, so that `\\ud83d` is not taken for one.
_ESCAPE = re.compile(rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u([dD][89a-fA-F][0-9a-fA-F]{2})|.)")
_HIDDEN = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")


def hidden(body: bytes) -> bytes | None:
    """JSON that msgspec takes; None when it has no lone surrogate, and so is refused for another reason."""
    made = _ESCAPE.sub(lambda escape: _encoded(escape[1]) if escape[1] else escape[0], body)
    return None if made == body else made


def shown(json: msgspec.Raw) -> msgspec.Raw:
    """A part of that JSON with its escapes as Graph sent them."""
    return msgspec.Raw(_HIDDEN.sub(lambda code: rb"\u%04x" % ord(code[0].decode("utf-8", "surrogatepass")), bytes(json)))


def _encoded(digits: bytes) -> bytes:
    return chr(int(digits, 16)).encode("utf-8", "surrogatepass")
