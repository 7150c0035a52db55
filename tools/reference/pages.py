"""Every generated page by its path."""

from pathlib import Path

from tools.reference import (
    conformance,
    dbt,
    diagram,
    numbers,
    personal_data,
    readme,
    relationships,
    roles,
    settings,
    surface,
    tables,
    troubleshooting,
    views,
)

ROOT = Path(__file__).parents[2]


def pages() -> dict[str, str]:
    """Return the content of each generated page by its path, relative to the root of the repository."""
    return {
        **{f"docs/tables/{name}": text for name, text in tables.pages().items()},
        f"docs/tables/{relationships.PAGE}": relationships.page(),
        f"docs/tables/{personal_data.PAGE}": personal_data.page(),
        f"docs/{relationships.PICTURE}": diagram.svg(),
        "docs/views.md": views.page(),
        dbt.PAGE: dbt.sources(),
        f"docs/{surface.PAGE}": surface.page(),
        "docs/conformance.md": conformance.with_exemptions(_written("docs/conformance.md")),
        "docs/settings.md": settings.with_tables(_written("docs/settings.md")),
        "docs/troubleshooting.md": troubleshooting.with_messages(_written("docs/troubleshooting.md")),
        "README.md": numbers.with_numbers(readme.with_permissions(_written("README.md"))),
        "docs/sign-in.md": numbers.with_numbers(roles.with_roles(_written("docs/sign-in.md"))),
        "docs/connection-metadata.md": numbers.with_numbers(_written("docs/connection-metadata.md")),
        "docs/how-it-works.md": numbers.with_numbers(_written("docs/how-it-works.md")),
        "CHANGELOG.md": numbers.with_numbers(_written("CHANGELOG.md")),
    }


def _written(page: str) -> str:
    return (ROOT / page).read_text("utf-8")
