"""Values that are protected before they are stored anywhere: pseudonymised by a keyed hash, or IP addresses truncated.

Rows are protected before they are spooled, so that neither the stage nor rejects, `_extra` or blocked rows have the value.
"""

import hashlib
import ipaddress
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from aad_assets.catalog import Entity
from aad_assets.catalog.enums import Protection
from aad_assets.warehouse.database.exact_values import decimal

_decode_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_IPV4_PREFIX, _IPV6_PREFIX = 24, 48

Protect = Callable[[Any], Any]
"""Returns what is stored in place of a value that is not null."""


class Protector:
    """Protects the properties of one entity's rows."""

    def __init__(self, entity: Entity, key: bytes) -> None:
        """`key` is the secret of the pseudonyms, at most 64 bytes."""
        functions: Mapping[Protection, Protect] = {
            Protection.PSEUDONYMISE: lambda value: pseudonym(value, key),
            Protection.TRUNCATE: truncated_address,
        }
        sources = {column.name: column.source for column in entity.all_columns}
        self._paths = [
            ([sources.get(first, first).lower(), *map(str.lower, others)], functions[protection])
            for (first, *others), protection in ((path.split("."), protection) for path, protection in entity.protected)
        ]
        self._first = {path[0] for path, _ in self._paths}

    def rows(self, rows: Sequence[bytes | msgspec.Raw]) -> Sequence[bytes | msgspec.Raw]:
        """Return the rows with protected values. Rows that are no objects are returned unchanged, and fail later."""
        return [self._row(bytes(row)) for row in rows] if self._paths else rows

    def _row(self, row: bytes) -> bytes:
        try:
            members = _decode_members(row)
        except msgspec.DecodeError:  # a lone surrogate, which Python's own decoder accepts
            try:
                value = _loads(row)
            except (ValueError, RecursionError):
                return row
            if not isinstance(value, dict):
                return row
            return json.dumps({name: self._member(name, member) for name, member in value.items()}).encode()
        for name, raw in members.items():
            if name.lower() in self._first:
                # The other members keep their bytes.
                members[name] = msgspec.Raw(json.dumps(self._member(name, _loads(bytes(raw)))).encode())
        return msgspec.json.encode(members)

    def _member(self, name: str, value: Any) -> Any:
        for path, function in self._paths:
            if path[0] == name.lower():
                value = _protected(value, path[1:], function)
        return value


def _loads(text: bytes) -> Any:
    """Decode JSON, lone surrogates included, and keep numbers that a double does not hold as text."""
    return _decode(text.decode("utf-8", "surrogatepass"))


_decode = json.JSONDecoder(parse_float=decimal).decode


def _protected(value: Any, path: Sequence[str], function: Protect) -> Any:
    """Return `value` with the values at `path` protected: all scalars in them, if they have parts."""
    if isinstance(value, list):
        return [_protected(item, path, function) for item in value]
    if isinstance(value, dict):
        return {
            name: _protected(member, path[1:], function) if not path or name.lower() == path[0] else member
            for name, member in value.items()
        }
    return value if path or value is None else function(value)


def pseudonym(value: Any, key: bytes) -> str:
    """Return 32 hexadecimal digits: the same for the same value and key, whatever the table and column."""
    text = value if isinstance(value, str) else json.dumps(value)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), key=key, digest_size=16).hexdigest()


def truncated_address(value: Any) -> str | None:
    """Return an IP address without the part that names a device: 203.0.113.0, 2001:db8:1::. None for other values."""
    text = str(value).strip()
    for candidate in (text, text.rpartition(":")[0].strip("[]")):  # some services add a port
        try:
            address = ipaddress.ip_address(candidate.partition("%")[0])
        except ValueError:
            continue
        if isinstance(address, ipaddress.IPv6Address):
            address = address.ipv4_mapped or address
        prefix = _IPV4_PREFIX if address.version == 4 else _IPV6_PREFIX
        return str(ipaddress.ip_network((address, prefix), strict=False).network_address)
    return None
