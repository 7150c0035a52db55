r"""Lone surrogates: `"\ud83d"` without its other half, which Graph returns where a text was cut in the middle of a character.

msgspec rejects a whole page because of one. They are therefore encoded as bytes that never occur in UTF-8, the page is
decoded, and the escapes are restored in its rows. See also `warehouse/staging/validation.py`, which reports such values as
rejects.
"""

import re

import msgspec

# A pair, a lone surrogate (the group), or any other escape, so that `\\ud83d` does not match as one.
_ESCAPE = re.compile(rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u([dD][89a-fA-F][0-9a-fA-F]{2})|.)")
_ENCODED = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")


def encode_surrogates(body: bytes) -> bytes | None:
    """Return JSON that msgspec accepts, or None if there is no lone surrogate and the body is invalid for another reason."""
    encoded = _ESCAPE.sub(lambda escape: _encode(escape[1]) if escape[1] else escape[0], body)
    return None if encoded == body else encoded


def restore_surrogates(json: msgspec.Raw) -> msgspec.Raw:
    """Return a part of that JSON with the escapes that Graph sent."""
    return msgspec.Raw(_ENCODED.sub(lambda code: rb"\u%04x" % ord(code[0].decode("utf-8", "surrogatepass")), bytes(json)))


def _encode(digits: bytes) -> bytes:
    return chr(int(digits, 16)).encode("utf-8", "surrogatepass")
