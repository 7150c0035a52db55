"""The reference pages, written from the declarations: `python -m aad_assets.catalog.reference`. Tests fail when they drift.

`tables.py` writes docs/tables/, `relationships.py` says which columns name rows of other tables, `diagram.py` draws that,
`readme.py` fills README.md's list of permissions. Not here: prose, which people write.
"""

from pathlib import Path

from aad_assets.catalog.reference import diagram, readme, tables
from aad_assets.catalog.reference.relationships import MERMAID_PAGE, PICTURE, page

ROOT = Path(__file__).parents[3]


def pages() -> dict[str, str]:
    """Content by path from the project's root, for each file that is written from the catalogue."""
    written = {f"docs/tables/{name}": text for name, text in tables.pages().items()}
    written |= {f"docs/tables/{MERMAID_PAGE}": page(), f"docs/{PICTURE}": diagram.svg()}
    return written | {"README.md": readme.with_permissions((ROOT / "README.md").read_text("utf-8"))}
