"""Keys of directory objects of any type, for members and owners: the type in the high bits, the index in the low ones."""

from collections.abc import Iterable

TYPES = ("user", "group", "device", "servicePrincipal", "orgContact", "application")
"""The types of objects that relations lead to, in the order in which a page lists them."""

BASES = {
    "agentUser": "user",
    "agentIdentity": "servicePrincipal",
    "agentIdentityBlueprintPrincipal": "servicePrincipal",
    "agentIdentityBlueprint": "application",
}
"""The types of agents, and the type in whose list each of them is."""

_SHIFT = 40
_MASK = (1 << _SHIFT) - 1


def edge(type_: str, index: int) -> int:
    """Return the key of one object."""
    return TYPES.index(type_) << _SHIFT | index


def edges(type_: str, indices: Iterable[int]) -> list[int]:
    """Return the keys of objects of one type."""
    high = TYPES.index(type_) << _SHIFT
    return [high | index for index in indices]


def target(key: int) -> tuple[str, int]:
    """Return the type and the index behind a key."""
    return TYPES[key >> _SHIFT], key & _MASK
