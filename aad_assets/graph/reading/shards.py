"""Cutting a long collection into shards that are read side by side.

A collection is one chain of nextLinks, each page asked for after the last. Where an always-set property takes
`startsWith`, a filter per first character makes many chains of it. Before they are trusted, `$count` of the shards has to
add up to `$count` of the whole; otherwise there is a first character that this file does not know, and the collection is
read as one chain. Not here: the reading (`lists.py`).
"""

import string

_LETTERS = string.ascii_lowercase + string.digits

PREFIXES = {
    # learn.microsoft.com/azure/active-directory/hybrid: A-Z a-z 0-9 ' . - _ ! # ^ ~, case ignored
    "userPrincipalName": _LETTERS + "'.-_!#^~",
    # learn.microsoft.com/graph/api/resources/group: ASCII but @ () \ [] " ; : <> , and space
    "mailNickname": _LETTERS + "'.-_!#^~$%&*+/=?{|}`",
    "appId": string.hexdigits[:16],
    "deviceId": string.hexdigits[:16],
}

MINIMUM = 10_000
"""Rows from which shards pay: ten pages in a chain."""


def filters(property_: str) -> list[str]:
    """One `$filter` for each first character."""
    return [f"startsWith({property_},'{_escaped(prefix)}')" for prefix in PREFIXES[property_]]


def _escaped(text: str) -> str:
    return text.replace("'", "''")
