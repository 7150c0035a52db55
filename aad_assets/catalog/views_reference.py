"""docs/views.md, written from the declarations of the views.

    python -m aad_assets.catalog.views_reference

writes it; a test fails when it drifts. Not here: the pages about tables (`reference/`).
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from aad_assets.catalog import CATALOG
from aad_assets.catalog.reference.tables import link
from aad_assets.catalog.view import View
from aad_assets.catalog.views import VIEWS

PAGE = Path(__file__).parents[2] / "docs" / "views.md"

_HEAD = """\
# Views

Written from the catalogue by `python -m aad_assets.catalog.views_reference`. What people would unnest daily is there as
views: a row each, names beside the ids, otherwise Graph's own words. A name is NULL when what it would name is not in the
tables (any more). The queries are in `aad_assets/catalog/views/`, one file a view; this page calls the connection `aad`.

A view shows its tables as they are, so it is never older than they are, and takes no space. Each is an asset downstream of
its tables, made anew in every run that it is part of, also when one of the tables failed or was skipped: the materialisation
then lists under `old_data` which tables still have the rows of an earlier run. What cannot be made, since a table was never
loaded or a column is turned off, is left as it was, and observed with the reason. The views' names are ours: a table that
already has one is left alone and the view fails; another view is replaced.

The views work in whatever database or BI tool opens the file, under any alias but the connection's own name: after
`ATTACH 'entra.duckdb' AS aad` DuckDB cannot tell the database `aad` from the schema `aad`.
"""


def views_page(views: Sequence[View] = VIEWS) -> str:
    """docs/views.md."""
    index = [f"| [{view.name}](#{view.name}) | {view.group.value} | {_tables(view)} |" for view in views]
    head = ["| view | group | tables |", "| --- | --- | --- |"]
    return "\n".join([_HEAD, *head, *index, "", *(_section(view) for view in views)]).rstrip() + "\n"


def _section(view: View) -> str:
    columns = "\n".join(f"| `{column.name}` | `{column.type}` | {column.meaning} |" for column in view.columns)
    return (
        f"## {view.name}\n\n{view.description}\n\n"
        f"| column | type | meaning |\n| --- | --- | --- |\n{columns}\n\n"
        f"{view.purpose}\n\n```sql\n{view.query}\n```\n"
    )


def _tables(view: View) -> str:
    return ", ".join(f"[{table}](tables/{link(CATALOG[table])})" for table in view.parents)


def main() -> int:
    """Write the page."""
    PAGE.write_text(views_page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
