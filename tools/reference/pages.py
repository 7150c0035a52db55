"""Every generated page by its path."""

from pathlib import Path

from tools.reference import diagram, readme, relationships, settings, tables, views

ROOT = Path(__file__).parents[2]


def pages() -> dict[str, str]:
    """Return the content of each generated page by its path, relative to the root of the repository."""
    return {
        **{f"docs/tables/{name}": text for name, text in tables.pages().items()},
        f"docs/tables/{relationships.PAGE}": relationships.page(),
        f"docs/{relationships.PICTURE}": diagram.svg(),
        "docs/views.md": views.page(),
        "docs/settings.md": settings.with_tables((ROOT / "docs/settings.md").read_text("utf-8")),
        "README.md": readme.with_permissions((ROOT / "README.md").read_text("utf-8")),
    }
