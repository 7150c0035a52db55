"""The views' declarations: complete, and in step with their SQL files."""

from pathlib import Path

import pytest

from aad_assets.catalog import CATALOG
from aad_assets.catalog import views as views_package
from aad_assets.catalog.view import View
from aad_assets.catalog.views import VIEWS


def test_each_view_is_a_declaration_and_a_file() -> None:
    files = {path.name for path in Path(views_package.__file__).parent.glob("*.sql")}

    assert [view.name for view in VIEWS] == list(dict.fromkeys(view.name for view in VIEWS))
    assert files == {view.file for view in VIEWS}
    assert not {view.name for view in VIEWS} & set(CATALOG)


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_a_view_reads_columns_that_the_catalogue_has(view: View) -> None:
    for source in view.sources:
        assert set(source.columns) <= {column.name for column in CATALOG[source.table].columns}
        assert CATALOG[source.table].on


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
