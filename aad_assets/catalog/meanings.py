"""What a column means: Microsoft's description from `meanings.json`, or ours where Microsoft gives none.

`generate.py` writes the file. Not here: types (`types.py`), how a description is cut (`descriptions.py`).
"""

import json
from functools import cache
from importlib import resources

ODATA_TYPE = "The row's type by its name in Microsoft Graph. `_extra` has what only some of the types have."
STRINGS = "The string as Microsoft Graph returns it."

# Not in Microsoft's metadata, but returned (Entity.undeclared).
_UNDECLARED = {
    "device": {
        "createdDateTime": "When the device was created in the directory.",
        "domainName": "The on-premises domain of a hybrid joined device.",
        "extensionAttributes": "Contains extensionAttributes1-15 of the device.",
    },
}

# Of properties that Microsoft explains for some types and, for others, says no more of than that they are timestamps.
_COMMON = {
    "id": "The unique identifier for an entity.",
    "createdDateTime": "When it was created.",
    "modifiedDateTime": "When it was last changed.",
    "deletedDateTime": "When it was deleted; NULL when it was not.",
    "expiredDateTime": "When it expired.",
    "approximateLastSignInDateTime": "When it last signed in, some days more or less.",
}


@cache
def _published() -> dict[str, dict[str, str]]:
    data: dict[str, dict[str, str]] = json.loads(resources.files(__package__).joinpath("meanings.json").read_text("utf-8"))
    return data


def meaning(entity_type: str, name: str) -> str:
    """What property `name` of an entity type means; empty where nobody says."""
    published = _published().get(entity_type, {}).get(name)
    return published or _UNDECLARED.get(entity_type, {}).get(name) or _COMMON.get(name, "")


def parent_id(parent: str, key: str) -> str:
    """A column that keeps a parent's key."""
    return f"`{key}` in `{parent}`: the row that this one belongs to."


def source_id(edge: str) -> str:
    """The near end of an edge that no parent's rows led to."""
    return f"`id` of the object that has this {edge}."


def edge_id(edge: str) -> str:
    """The far end of an edge."""
    return f"`id` of the {edge}."


def edge_type(edge: str) -> str:
    """The type of the far end of an edge."""
    return f"What the {edge} is: `user`, `group`, `device`, `servicePrincipal`, `orgContact`."
