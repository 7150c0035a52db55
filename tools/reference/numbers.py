"""The numbers of entities and views in the hand-written pages."""

import re
from collections.abc import Mapping

from aad_assets.catalog.entities import ENTITIES
from aad_assets.catalog.enums import Shape, Version
from aad_assets.catalog.views import VIEWS

_ON = [entity for entity in ENTITIES if entity.on]
_MARKED = re.compile(r"<!-- ([\w ]+) -->[\d,]*<!-- / -->")
_EXAMPLE = re.compile(r"(?<=Readable   )\d+ of \d+(?= entities with these scopes)")
_NOT_READABLE = "IdentityRiskyUser.Read.All"
"""The permission that the person in the example of docs/sign-in.md lacks."""

NUMBERS: Mapping[str, int] = {
    "entities": len(ENTITIES),
    "entities on": len(_ON),
    "entities off": len(ENTITIES) - len(_ON),
    "beta entities": sum(entity.version is Version.BETA for entity in ENTITIES),
    "logs": sum(entity.shape is Shape.LOG for entity in ENTITIES),
    "views": len(VIEWS),
}
"""Each number by the name that pages use: `<!-- entities -->180<!-- / -->`."""


def with_numbers(text: str) -> str:
    """Return the text of a page with the present numbers. Raises KeyError for an unknown name."""
    readable = sum(_NOT_READABLE not in entity.permissions for entity in _ON)
    text = _MARKED.sub(lambda found: f"<!-- {found[1]} -->{NUMBERS[found[1]]}<!-- / -->", text)
    return _EXAMPLE.sub(f"{readable} of {len(_ON)}", text)
