"""The last load of a table as the database holds it, so that its tests can be repeated without a reload."""

from dataclasses import dataclass

import duckdb
import msgspec

from aad_assets.catalog import Entity, Shape
from aad_assets.catalog.types import quoted
from aad_assets.warehouse.database.sql import ALIAS, utc_datetime
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.publishing.load_tests import LoadTest, run_tests
from aad_assets.warehouse.publishing.loads import Load, SchemaChange
from aad_assets.warehouse.publishing.options import Options

_Changes = list[dict[str, str]]


@dataclass(kw_only=True)
class StoredLoad(Load):
    """The last run's load: a row of `loads`, and of a log the sum of those of its days."""

    refused: int = 0

    @property
    def refused_parents(self) -> int:
        """The number of refused parents."""
        return self.refused


def stored_load(connection: duckdb.DuckDBPyConnection, target: Target, entity: Entity) -> StoredLoad | None:
    """Return the last load of `entity`; None if there is none. A log of which a day was not published was not published.

    `connection` has the database open. Raises duckdb.CatalogException if the connection has no bookkeeping there.
    """
    row = connection.execute(
        f"""WITH of_entity AS (
                SELECT * FROM {target.meta}.loads WHERE entity = ? QUALIFY run_id = max_by(run_id, started_at) OVER ()
            )
            SELECT max_by(load_id, started_at), any_value(_tenant_id), any_value(run_id), epoch_us(min(started_at)),
                   epoch_us(max(published_at)),
                   coalesce(max_by(status, started_at) FILTER (status <> 'published'), 'published'),
                   max_by(reason, started_at) FILTER (reason IS NOT NULL), max_by(mode, started_at), sum(rows)::BIGINT,
                   sum(rejected)::BIGINT, sum(counted)::BIGINT, sum(coalesce(refused_parents, 0))::BIGINT,
                   list(schema_changes) FILTER (schema_changes IS NOT NULL)
            FROM of_entity""",
        [entity.table],
    ).fetchone()
    if row is None or row[0] is None:
        return None
    load_id, tenant, run, started, published, status, reason, mode, rows, rejected, counted, refused, changes = row
    started_at = utc_datetime(started)
    assert started_at is not None
    decoded = [each for text in changes or () for each in msgspec.json.decode(text, type=_Changes)]
    return StoredLoad(
        load_id=load_id,
        entity=entity.table,
        tenant_id=tenant,
        run_id=run,
        started_at=started_at,
        published_at=utc_datetime(published),
        status=status,
        reason=reason,
        mode=mode,
        rows=rows,
        rejected=rejected,
        counted=None if entity.shape is Shape.LOG else counted,
        refused=refused,
        schema_changes=[SchemaChange(each["column"], each["change"]) for each in decoded],
    )


def retest(connection: duckdb.DuckDBPyConnection, target: Target, entity: Entity, load: StoredLoad) -> tuple[LoadTest, ...]:
    """Return the results of the tests of a published load, as the reload itself reports them."""
    return run_tests(connection, target, entity, load, Options.of(entity).gates)


def can_be_queried(connection: duckdb.DuckDBPyConnection, target: Target, view: str) -> bool:
    """Return whether a view exists and fits its tables."""
    schema = target.schema.removeprefix(f"{ALIAS}.")
    try:
        connection.execute(f"SELECT * FROM {ALIAS}.{quoted(schema)}.{quoted(view)} LIMIT 0").fetchall()
    except duckdb.Error:
        return False
    return True
