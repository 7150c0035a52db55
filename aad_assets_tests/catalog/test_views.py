"""The views' declarations: complete, in step with their SQL files and the page written from them."""

from pathlib import Path

import pytest

from aad_assets.catalog import CATALOG
from aad_assets.catalog import views as views_package
from aad_assets.catalog.view import View
from aad_assets.catalog.views import VIEWS
from aad_assets.catalog.views_reference import PAGE, views_page


def test_each_view_is_a_declaration_and_a_file() -> None:
    files = {path.stem for path in Path(views_package.__file__).parent.glob("*.sql")}

    assert [view.name for view in VIEWS] == list(dict.fromkeys(view.name for view in VIEWS))
    assert files == {view.name for view in VIEWS}
    assert not files & set(CATALOG)


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_a_view_reads_columns_that_the_catalogue_has(view: View) -> None:
    for parent in view.sources:
        assert set(parent.columns) <= {column.name for column in CATALOG[parent.table].columns}
        assert CATALOG[parent.table].on


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_a_view_is_documented(view: View) -> None:
    assert view.columns[0].name == "_tenant_id"
    for text in (view.description, view.purpose, *(column.meaning for column in view.columns)):
        assert text.endswith((".", "…"))
    assert f"aad.{view.name}" in view.query


def test_a_query_is_told_for_the_connection_at_hand() -> None:
    for view in VIEWS:
        assert f" contoso.{view.name}" in view.query_on("contoso").replace("\n", " ")
        assert "aad." not in view.query_on("contoso")


def test_the_page_of_views_is_as_the_declarations_say() -> None:
    assert PAGE.read_text("utf-8") == views_page(), "run: python -m aad_assets.catalog.views_reference"
