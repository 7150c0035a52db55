"""The record of values that did not fit their type.

Each is recorded once, by the first load that had it, and marked by the first load that no longer has it.
"""

from collections.abc import Iterator

from aad_assets.catalog.types import quoted
from aad_assets.warehouse.database.sql import sql_string
from aad_assets.warehouse.publishing.publication import Plan, Publication

_COLUMNS = "key, column_name, value"


def record_rejects(publication: Publication, plan: Plan) -> int:
    """Record the new rejects of a load, and the end of those that it no longer has. Return how many it has.

    Call it when the rows are written. A reject of a row that was not read, and that the table keeps, does not end.
    """
    staged, rejects = publication.staged, f"{publication.target.meta}.rejects"
    is_open = "entity = $entity AND _tenant_id = $tenant AND ended_load_id IS NULL"
    (had_some,) = publication.row(f"SELECT count(*) > 0 FROM {rejects} WHERE {is_open}")
    if not (staged.rejects or had_some):
        return 0
    source = staged.rejects or "(SELECT '' AS key, '' AS column_name, '' AS value WHERE false)"
    rejected = publication.write(f"CREATE OR REPLACE TEMP TABLE found_rejects AS SELECT DISTINCT {_COLUMNS} FROM {source}")
    if had_some:
        ended = " AND ".join(_ended(plan))
        publication.execute(f"CREATE OR REPLACE TEMP TABLE open_rejects AS SELECT {_COLUMNS} FROM {rejects} WHERE {is_open}")
        publication.execute(
            "CREATE OR REPLACE TEMP TABLE ended_rejects AS FROM open_rejects o "
            f"ANTI JOIN found_rejects USING ({_COLUMNS}) WHERE {ended}"
        )
        publication.execute(
            f"UPDATE {rejects} r SET ended_load_id = $load FROM ended_rejects e WHERE r.key = e.key "
            f"AND r.column_name = e.column_name AND r.value = e.value AND {is_open}"
        )
    known = f"ANTI JOIN open_rejects USING ({_COLUMNS})" if had_some else ""
    publication.execute(
        f"INSERT INTO {rejects} (load_id, _tenant_id, entity, {_COLUMNS}) "
        f"SELECT $load, $tenant, $entity, {_COLUMNS} FROM found_rejects {known}"
    )
    return rejected


def _ended(plan: Plan) -> Iterator[str]:
    """Yield the conditions under which a reject `o` that the load does not have is gone."""
    comparison = plan.comparison
    key = f"concat_ws('|', {', '.join(map(quoted, comparison.key))})"
    was_read = f"o.key IN (SELECT {key} FROM {comparison.staged})"
    is_gone = f"o.key NOT IN (SELECT {key} FROM {comparison.table} WHERE {comparison.live})"
    yield was_read if comparison.merges else f"({was_read} OR {is_gone})"
    if comparison.kept:
        names = ", ".join(sql_string(name) for name in comparison.kept)
        yield f"regexp_extract(o.column_name, '^[^.\\[]+') NOT IN ({names})"
