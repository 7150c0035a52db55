"""The texts that name a person, and values without them."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

FORGOTTEN = "[forgotten]"
"""Replaces a name inside a longer text."""

_SAFE_RUN = re.compile(r"[a-z0-9._-]+")
_OBJECT_ID = re.compile(r"[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}")

# A whole address: `an@contoso.com` is not part of `joan@contoso.com`, and `brien@contoso.com` not of `o'brien@contoso.com`.
# It may follow an escape, such as %27 in a URL, or \u0022 and \n in JSON that is itself a string.
_BEFORE = r"(?:(?<![\w.+'-])|(?<=(?<!\w)')|(?<=%[0-9a-f]{2})|(?<=\\u0022)|(?<=\\[nrt]))"
_AFTER = r"(?![\w-]|\.\w)"


@dataclass(frozen=True)
class Identifiers:
    """The texts that name one person: the object id, user principal names and mail addresses. Letter case does not count."""

    texts: tuple[str, ...]

    @classmethod
    def of(cls, texts: Iterable[str | None]) -> "Identifiers":
        """Return the identifiers without repetitions and empty ones."""
        return cls(tuple(dict.fromkeys(text.lower() for text in texts if text)))

    @cached_property
    def needles(self) -> tuple[str, ...]:
        """Lower-case parts that every spelling of an identifier contains, also in JSON, which may escape other characters."""
        parts = (max(_SAFE_RUN.findall(text.split("@")[0]) or [""], key=len) for text in self.texts)
        return tuple(dict.fromkeys(parts))

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        longest_first = sorted(self.texts, key=len, reverse=True)
        # An object id is unique, whatever is around it: `users('…')`, `…_…`.
        ids = [re.escape(text) for text in longest_first if _OBJECT_ID.fullmatch(text)]
        addresses = ["".join(map(_spellings, text)) for text in longest_first if not _OBJECT_ID.fullmatch(text)]
        whole = [f"{_BEFORE}(?:{'|'.join(addresses)}){_AFTER}"] if addresses else []
        return re.compile("|".join([*whole, *ids]), re.IGNORECASE)  # an address may begin with the id

    def name(self, text: str) -> bool:
        """Return whether `text` contains an identifier as a whole."""
        return self._pattern.search(text) is not None

    def name_json(self, text: str) -> bool:
        """Return whether a value in JSON contains an identifier."""
        return self._in(_decoded(text))

    def without(self, text: str) -> str | None:
        """Return `text` without the identifiers: None if it is one."""
        return None if text.lower() in self.texts else self._pattern.sub(FORGOTTEN, text)

    def without_json(self, text: str) -> str:
        """Return a value in JSON without what names the person; `null` if nothing is left.

        An item of a list, and an object with a member that is an identifier, are removed as a whole: the name and address
        beside an id are the person's as well.
        """
        return json.dumps(self._without(_decoded(text)), ensure_ascii=False, separators=(",", ":"))

    def row_without(self, text: str) -> str:
        """Return a whole row in JSON without what names the person. The row itself stays."""
        row = _decoded(text)
        members = {name: self._without(value) for name, value in row.items()} if isinstance(row, dict) else None
        return json.dumps(members, ensure_ascii=False, separators=(",", ":"))

    def _in(self, value: Any) -> bool:
        if isinstance(value, dict):
            return any(self.name(name) or self._in(member) for name, member in value.items())
        if isinstance(value, list):
            return any(map(self._in, value))
        return isinstance(value, str) and self.name(value)

    def _without(self, value: Any) -> Any:
        if isinstance(value, dict):
            if any(isinstance(member, str) and member.lower() in self.texts for member in value.values()):
                return None
            return {name: self._without(member) for name, member in value.items() if not self.name(name)}
        if isinstance(value, list):
            items = [(item, self._without(item)) for item in value]
            return [after for before, after in items if after is not None or before is None]
        return self.without(value) if isinstance(value, str) else value


def _spellings(character: str) -> str:
    """Return a pattern of the character, and of its escapes in URLs and in JSON that is itself a string."""
    if _SAFE_RUN.fullmatch(character):
        return re.escape(character)
    in_url = "".join(f"%{byte:02x}" for byte in character.encode("utf-8", "surrogatepass"))
    return rf"(?:{re.escape(character)}|{in_url}|\\+u{ord(character):04x})"


def _decoded(text: str) -> Any:
    """Return the value of JSON text. Text that is not JSON, or is nested too deeply, stands for itself."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
