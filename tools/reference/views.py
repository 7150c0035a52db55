"""The page about views, docs/views.md."""

from collections.abc import Sequence

from aad_assets.catalog import CATALOG
from aad_assets.catalog.personal_data import personal_data
from aad_assets.catalog.view import View
from aad_assets.catalog.views import VIEWS
from tools.reference.tables import link

_HEAD = """\
# Views

Views unnest what people need most often: one row for each licence, credential, permission and so on, with names beside the
ids. For example, the licences of disabled accounts:

```sql
SELECT userPrincipalName, skuPartNumber FROM aad.user_licenses WHERE isAssigned AND NOT accountEnabled
```

- Values are Graph's own. A name is NULL if the object that it belongs to is not (or no longer) in the tables.
- A view reads its tables at query time. It takes no space and is never older than its tables.
- Each view is an asset downstream of its tables. Every run that includes it creates it again, even if a table failed or was
  skipped. The materialisation then lists under `old_data` the tables that still have the rows of an earlier run.
- If a column is turned off, the view shows NULL in its place, and no rows if it unnests that column. The materialisation
  lists such columns under `null_columns`. If a table was never loaded, the view stays as it was, and an observation gives the
  reason.
- If one of your tables has the name of a view, the table is left alone and the view fails. A view of that name is replaced.
- The views work in any database or tool that opens the file, under any alias except the connection's own name: after
  `ATTACH 'entra.duckdb' AS aad`, DuckDB cannot tell the database `aad` from the schema `aad`.

`personal data` is the class of a column (see [Personal data](tables/README.md#personal-data)).
This page calls the connection `aad`. The queries are in `aad_assets/catalog/views/`.
The page is generated from the catalogue. To update it, run `make reference`.
"""


def page(views: Sequence[View] = VIEWS) -> str:
    """Return docs/views.md."""
    index = [f"| [{view.name}](#{view.name}) | {view.group.value} | {_tables(view)} |" for view in views]
    head = ["| view | group | tables |", "| --- | --- | --- |"]
    return "\n".join([_HEAD, *head, *index, "", *(_section(view) for view in views)]).rstrip() + "\n"


def _section(view: View) -> str:
    columns = "\n".join(
        f"| `{column.name}` | `{column.type}` | {personal_data(view.name, column.name)} | {column.meaning} |"
        for column in view.columns
    )
    return (
        f"## {view.name}\n\n{view.description}\n\n"
        f"| column | type | personal data | meaning |\n| --- | --- | --- | --- |\n{columns}\n\n"
        f"{view.purpose}\n\n```sql\n{view.query}\n```\n"
    )


def _tables(view: View) -> str:
    return ", ".join(f"[{table}](tables/{link(CATALOG[table])})" for table in view.tables)
