"""Repeatable chance: hashes, and GUIDs that give their index back.

They make every object a pure function of (seed, index).
"""

from base64 import urlsafe_b64encode
from hashlib import blake2b

_MASK32 = 0xFFFFFFFF
_MASK64 = 0xFFFFFFFFFFFFFFFF
_VARIANT = "89ab89ab89ab89ab"


def digest(seed: int, *parts: object) -> str:
    """Return 64 hexadecimal digits that depend on the seed and the parts alone."""
    return blake2b("|".join(map(str, (seed, *parts))).encode(), digest_size=32).hexdigest()


def number(seed: int, *parts: object) -> int:
    """Return a 64-bit number that depends on the seed and the parts alone."""
    return int(digest(seed, *parts)[:16], 16)


def guid_of(text: str) -> str:
    """Return a version-4-shaped GUID from at least 31 hexadecimal digits."""
    return f"{text[:8]}-{text[8:12]}-4{text[12:15]}-{_VARIANT[int(text[15], 16)]}{text[16:19]}-{text[19:31]}"


def short_id(hash_: str) -> str:
    """Return 43 characters, such as ids of assignments have, from 64 hexadecimal digits."""
    return urlsafe_b64encode(bytes.fromhex(hash_)).decode().rstrip("=")


def guid(seed: int, *parts: object) -> str:
    """Return a GUID that depends on the seed and the parts alone."""
    return guid_of(digest(seed, *parts))


def spread(value: int, salt: int) -> int:
    """Return another 64-bit number; cheaper than a new hash."""
    mixed = (value ^ (salt * 0x9E3779B97F4A7C15)) * 0xBF58476D1CE4E5B9 & _MASK64
    return mixed ^ (mixed >> 29)


class Ids:
    """GUIDs of one kind of object, from which the index can be computed back.

    The first 8 digits carry the index (an affine bijection on 32 bits, hence evenly spread over all prefixes);
    the others are a hash, which proves on the way back that the GUID is one of ours.
    """

    def __init__(self, seed: int, tag: str) -> None:
        start = digest(seed, "ids", tag)
        self._factor = int(start[:8], 16) | 1
        self._offset = int(start[8:16], 16)
        self._inverse = pow(self._factor, -1, 1 << 32)
        self._key = bytes.fromhex(start[16:48])

    def hash(self, index: int) -> str:
        """Return 64 hexadecimal digits for the object. The first 24 go into its GUID."""
        return blake2b(index.to_bytes(8, "little"), digest_size=32, key=self._key).hexdigest()

    def traits(self, index: int) -> int:
        """Return 64 bits of the hash that the GUID leaves unused."""
        return int(self.hash(index)[24:40], 16)

    def guid_from(self, index: int, hash_: str) -> str:
        """Return the GUID of the object whose hash is already known."""
        return (
            f"{(index * self._factor + self._offset) & _MASK32:08x}-{hash_[:4]}-4{hash_[4:7]}-"
            f"{_VARIANT[int(hash_[7], 16)]}{hash_[8:11]}-{hash_[12:24]}"
        )

    def guid(self, index: int) -> str:
        """Return the GUID of the object."""
        return self.guid_from(index, self.hash(index))

    def index(self, guid: str) -> int | None:
        """Return the index behind a GUID; None when it is not one of this kind."""
        try:
            head = int(guid[:8], 16)
        except ValueError:
            return None
        index = (head - self._offset) * self._inverse & _MASK32
        return index if self.guid(index) == guid.lower() else None
