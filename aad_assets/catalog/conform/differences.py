"""A difference between the catalogue and Microsoft's files, and the kinds of checks that find one."""

from dataclasses import dataclass
from enum import StrEnum


class Check(StrEnum):
    """Kinds of checks."""

    PATH = "path"
    """The path resolves in the metadata, to a collection or an object as the shape says."""
    TYPE = "type"
    """The path leads to the declared type."""
    KEY = "key"
    """The key is the type's key, and its columns exist."""
    LINK = "link"
    """The related object, and its chosen properties, exist."""
    INLINE = "inline"
    """The part of the row exists, whether `$expand` requests it or not."""
    SUBTYPE = "subtype"
    """The derived types are those that the metadata has."""
    PROPERTY = "property"
    """The properties, with their types, are those that the metadata has."""
    PERMISSION = "permission"
    """Graph accepts the permission for the request."""
    LEAST = "least privileged"
    """No less privileged permission is enough."""


@dataclass(frozen=True, order=True)
class Difference:
    """One difference."""

    subject: str
    """The table, or the type, that differs."""
    check: Check
    name: str
    """The part that differs: a path, property, type or permission."""
    message: str

    def __str__(self) -> str:
        return f"{self.subject}: {self.check}: {self.message}"
