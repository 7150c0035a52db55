"""The meanings of columns: Microsoft's description from `meanings.json`, or ours from `undescribed` if Microsoft gives none.

`python -m tools.catalog_data` generates the file.
"""

import json
from collections.abc import Sequence
from functools import cache
from importlib import resources

from aad_assets.catalog.undescribed import MEANINGS

ODATA_TYPE = (
    "The row's type, by its name in Microsoft Graph, where Graph names it: NULL stands for the type of the list. Columns of "
    "other types are NULL."
)
STRINGS = "The string as Microsoft Graph returns it."

# Properties that Microsoft describes for some types. For others it describes them only as timestamps, or not at all.
_COMMON = {
    "id": "The unique identifier for an entity.",
    "createdDateTime": "When the object was created.",
    "modifiedDateTime": "When the object was last changed.",
    "deletedDateTime": "When the object was deleted; NULL if it was not.",
    "expiredDateTime": "When the object expired.",
    "approximateLastSignInDateTime": "When it last signed in, accurate to a few days.",
}


@cache
def _published() -> dict[str, dict[str, dict[str, str]]]:
    text = resources.files(__package__).joinpath("meanings.json").read_text("utf-8")
    data: dict[str, dict[str, dict[str, str]]] = json.loads(text)
    return data


def meaning(entity_type: str, name: str, version: str = "v1.0") -> str:
    """Return the meaning of a property, or navigation property, of a type; empty if it has no description."""
    published = _published()[version].get(entity_type, {}).get(name)
    return published or MEANINGS.get(entity_type, {}).get(name) or _COMMON.get(name, "")


def parent_id(parent: str, key: str) -> str:
    """Return the meaning of a column that keeps column `key` of the table `parent`."""
    return f"The row that this one belongs to: `{parent}.{key}`."


def source_id(edge: str) -> str:
    """Return the meaning of the column with the source of an edge that has no parent table."""
    return f"The `id` of the object that has this {edge}."


def edge_id(edge: str) -> str:
    """Return the meaning of the column with the target of an edge."""
    return f"The `id` of the {edge}."


def edge_type(edge: str) -> str:
    """Return the meaning of the column with the type of the target of an edge."""
    return f"The type of the {edge}: `user`, `group`, `device`, `servicePrincipal` or `orgContact`."


def link(name: str, property_: str) -> str:
    """Return the meaning of a column with a property of a linked object."""
    return f"`{property_}` of the related `{name}`."


def of_subtypes(meaning_: str, subtypes: Sequence[str]) -> str:
    """Return the meaning of a column that only rows of some derived types fill."""
    return f"{meaning_} Only of type {' or '.join(f'`{name}`' for name in subtypes)}.".strip()


def with_permission(meaning_: str, permissions: Sequence[str]) -> str:
    """Return the meaning of a column that Graph leaves empty, without an error, unless the app has one of `permissions`."""
    names = " or ".join(f"`{name}`" for name in permissions)
    return f"{meaning_} Empty unless the app has {names}. Otherwise NULL says nothing about the row.".strip()
