"""The pages written from the catalogue are the committed ones, and every name of the contract is documented."""

import re

from aad_assets.catalog import ENTITIES
from aad_assets.catalog.reference import ROOT, tables_page, with_permissions


def test_the_page_of_tables_is_as_the_catalogue_says() -> None:
    assert (ROOT / "docs" / "tables.md").read_text("utf-8") == tables_page(), "run: python -m aad_assets.catalog.reference"


def test_the_readme_names_the_permissions_that_the_catalogue_needs() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")

    assert with_permissions(readme) == readme, "run: python -m aad_assets.catalog.reference"
    assert all(f"`{entity.permission}`" in readme for entity in ENTITIES)


def test_every_setting_that_the_code_reads_is_documented() -> None:
    documented = set(re.findall(r"AAD_[A-Z_]+", (ROOT / "docs" / "settings.md").read_text("utf-8")))
    code = "".join(path.read_text("utf-8") for path in (ROOT / "aad_assets").rglob("*.py") if "demo" not in path.parts)

    assert set(re.findall(r"\bAAD_[A-Z_]*[A-Z]\b", code)) <= documented
