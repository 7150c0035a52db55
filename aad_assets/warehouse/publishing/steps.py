"""The steps of a publish, one function each. `publish.py` calls them in order."""

import itertools
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from aad_assets.catalog import Column
from aad_assets.errors import WarehouseError
from aad_assets.warehouse.database.coverage import Coverage, derive_coverage
from aad_assets.warehouse.database.macros import recorded_coverage, write_macro
from aad_assets.warehouse.database.memory import give_back
from aad_assets.warehouse.database.sql import ALIAS, utc_datetime
from aad_assets.warehouse.publishing import gates
from aad_assets.warehouse.publishing.compare import DELETED_AT
from aad_assets.warehouse.publishing.loads import ChangedAttribute, SchemaChange
from aad_assets.warehouse.publishing.options import REPLACING, Mode
from aad_assets.warehouse.publishing.publication import Plan, Publication
from aad_assets.warehouse.publishing.rejects import record_rejects
from aad_assets.warehouse.publishing.schema_migrator import StoredColumns
from aad_assets.warehouse.publishing.slices import Slices
from aad_assets.warehouse.staging.stage import THREADS
from aad_assets.wording import counted

_PREVIEW = 10
"""Changes in the preview of a load."""

_COMPARING_THREADS = 2

_SIDES = {"insert": 1, "update": 2, "delete": 1}
"""How many rows there are of a row that is inserted, updated or deleted."""


def take_instant(publication: Publication) -> bool:
    """Take the load's instant, after the last published one; return whether this load is the table's first.

    Raises LoadBlocked when a read that started later is already published: of a log, one of the same day.
    """
    load = publication.load
    last, last_started = map(
        utc_datetime,
        publication.row(
            "SELECT epoch_us(max(published_at)), epoch_us(max(started_at) FILTER "
            f"({_reads_the_same(publication)})) FROM {publication.target.meta}.loads "
            "WHERE entity = $entity AND _tenant_id = $tenant AND status = 'published'"
        ),
    )
    now = datetime.now(UTC)
    at = load.published_at or now
    gates.check_order(load.started_at, last_started, max(at, now))
    if last is not None:  # a clock that was set back must not end a version before it began
        at = max(at, last + timedelta(microseconds=1))
    load.published_at = at
    return last is None


def _reads_the_same(publication: Publication) -> str:
    """Return the condition for loads that the present one supersedes: of a log, the last one that read the same day."""
    if publication.day is None:
        return "true"
    return (
        f"load_id IN (SELECT d.load_id FROM {publication.target.meta}.log_days d WHERE d.entity = $entity "
        f"AND d._tenant_id = $tenant AND d.day = DATE '{publication.day.day}')"
    )


def settle_deleted_rows(
    publication: Publication, plan: Plan, stored: StoredColumns | None
) -> tuple[StoredColumns | None, int]:
    """Keep or drop the table's deleted rows as the reload mode requires.

    Returns the table's columns and the number of rows to compare with, which leaves out deleted rows. Raises WarehouseError
    if this run's mode would drop rows that the table's own mode keeps.
    """
    if stored is None:
        return None, 0
    table, keeps = publication.table, plan.comparison.keeps_deleted
    if DELETED_AT in stored.ours and not keeps:
        _check_kept_rows(publication)
        publication.execute(f"DELETE FROM {table} WHERE _tenant_id = $tenant AND {DELETED_AT} IS NOT NULL")
    elif DELETED_AT not in stored.ours and keeps:
        publication.execute(f"ALTER TABLE {table} ADD COLUMN {DELETED_AT} TIMESTAMPTZ")
        stored = StoredColumns.read(publication.cursor, table)
    return stored, int(publication.row(f"SELECT count(*) FROM {table} WHERE {plan.comparison.live}")[0])


def _check_kept_rows(publication: Publication) -> None:
    """Protect deleted rows that the table's own mode keeps from a mode for one run. Only `recreate` may remove them."""
    entity, mode = publication.entity, publication.options.mode
    if entity.reload_mode != Mode.COMPARE_KEEP_DELETED or mode is Mode.RECREATE:
        return
    kept = publication.row(
        f"SELECT count(*) FROM {publication.table} WHERE _tenant_id = $tenant AND {DELETED_AT} IS NOT NULL"
    )[0]
    if kept:
        raise WarehouseError(
            f"{entity.table} keeps {counted(kept, 'deleted row')}, which the mode {mode} would remove. Leave the mode out of "
            "the run's config, or change reload_mode in the connection metadata."
        )


def check_gates(publication: Publication, plan: Plan, stored: StoredColumns | None, rows_before: int) -> None:
    """Check every gate that needs no comparison. Raises LoadBlocked, and WarehouseError for a recreate that loses values."""
    load, options, staged, table = publication.load, publication.options, publication.staged, publication.entity.table
    if options.mode is Mode.RECREATE and rows_before and plan.comparison.kept:
        raise WarehouseError(
            f"{table} cannot be recreated now because this run could not read {', '.join(plan.comparison.kept)}, whose "
            "stored values would be lost. Fix that first, or reload in another mode."
        )
    if options.mode is Mode.RECREATE and rows_before and publication.refusals:
        refused = counted(sum(len(each.parents) for each in publication.refusals), "parent")
        raise WarehouseError(
            f"{table} cannot be recreated now because Graph refused the rows of {refused}, whose stored rows would be lost. "
            "Reload in another mode."
        )
    if options.mode is Mode.RECREATE and rows_before and options.unread_types:
        raise WarehouseError(
            f"{table} cannot be recreated now because this run could not read rows of the type "
            f"{' and '.join(options.unread_types)}, which would be lost. Reload in another mode."
        )
    for each in load.refusals:
        options.gates.check_refused(table, each.table, len(each.parents), each.asked)
    options.gates.check_reads(table, options.disagreement)
    options.gates.check_count(table, staged.rows, publication.counted)
    if staged.rejects:
        rejected = publication.row(f"SELECT count(DISTINCT key) FROM {staged.rejects}")[0]
        options.gates.check_rejects(table, rejected, staged.rows)
    if options.mode is Mode.MERGE or stored is None:
        return
    options.gates.check_shrink(table, rows_before, staged.rows, load.kept)
    # When a column turns NULL, most rows differ, and the comparison finds that; it does not look at volatile columns.
    suspects = plan.read if options.mode in REPLACING else plan.comparison.refreshed
    suspects = [column for column in suspects if column.name.lower() in stored.types]
    _check_columns(publication, plan, rows_before - load.kept, suspects, plan.as_stored(suspects, stored))


def _check_columns(
    publication: Publication, plan: Plan, rows_before: int, columns: Sequence[Column], as_stored: Sequence[Column]
) -> None:
    """Check that no column turned all NULL in the rows that are compared. A read without rows is left to another gate."""
    if not columns or not rows_before or not publication.staged.rows:
        return
    filled_before = publication.count_filled(f"{publication.table} WHERE {plan.comparison.compared}", as_stored)
    filled_now = publication.count_filled(publication.staged.relation, columns)
    publication.options.gates.check_columns(publication.entity.table, rows_before, filled_before, filled_now)


def create_missing_table(plan: Plan, stored: StoredColumns | None) -> None:
    """Create the table on its first load."""
    if stored is None:
        plan.migrator.create(plan.comparison.table)
        if plan.comparison.keeps_deleted:
            plan.migrator.cursor.execute(f"ALTER TABLE {plan.comparison.table} ADD COLUMN {DELETED_AT} TIMESTAMPTZ")


def migrate_history(
    publication: Publication, plan: Plan, stored: StoredColumns | None, existing: frozenset[str], rows_before: int
) -> bool:
    """Create, migrate or end the history; return whether it resumes with this load, because its versions have ended."""
    options, table = publication.options, publication.history_table
    history = publication.stored_columns(table, existing)
    if history is None:
        if not options.history:
            return False
        plan.migrator.start_history(table, publication.table, plan.comparison.live)
        _record_coverage(publication, is_new=True)
        history = StoredColumns.read(publication.cursor, table)
    else:
        _record_coverage(publication, is_new=False)
    if not options.history or stored is None:
        publication.execute(plan.history.close_all())
    elif options.mode in REPLACING:
        publication.execute(plan.history.close_replaced())
    if not options.history:
        return False
    plan.migrator.migrate_history(table, history, stored or history, recreate=options.mode is Mode.RECREATE)
    current = publication.row(f"SELECT count(*) FROM {table} WHERE _tenant_id = $tenant AND _valid_to IS NULL")[0]
    return rows_before > 0 and current == 0


def _record_coverage(publication: Publication, *, is_new: bool) -> None:
    """Write the macro `<table>_at(ts)` unless it has the times that the history covers with this load."""
    target, cursor, table, at = (
        publication.target,
        publication.cursor,
        publication.entity.table,
        publication.load.published_at,
    )
    assert at is not None
    recorded = None if is_new else recorded_coverage(cursor, target, table)
    covered = recorded or (Coverage() if is_new else derive_coverage(cursor, target.schema.removeprefix(f"{ALIAS}."), table))
    covered = covered.begun(at) if publication.options.history else covered.ended(at)
    if covered != recorded:
        write_macro(cursor, target, table, covered)


def migrate_table(publication: Publication, plan: Plan, stored: StoredColumns | None) -> None:
    """Bring the table's columns to the declaration, or create it again, and record how it changed."""
    changes = publication.load.schema_changes
    if stored is not None and publication.options.mode is Mode.RECREATE:
        changes += plan.migrator.changes(stored)
        publication.cursor.execute(f"DROP TABLE {publication.table}")
        plan.migrator.create(publication.table)
        if DELETED_AT in stored.ours:  # views that hide deleted rows need the column until they are refreshed
            publication.cursor.execute(f"ALTER TABLE {publication.table} ADD COLUMN {DELETED_AT} TIMESTAMPTZ")
    elif stored is not None:
        changes += plan.migrator.migrate_table(publication.table, stored)
    changes += [SchemaChange(name, "refused") for name in publication.rejected]
    changes += [SchemaChange(name, "undeclared") for name in publication.staged.undeclared]


def replace_rows(publication: Publication, plan: Plan, rows_before: int) -> None:
    """Replace every row of the tenant that is compared. Columns that were not read keep their stored values."""
    keeps = publication.options.mode is Mode.TRUNCATE and bool(plan.comparison.kept)
    if keeps:
        publication.execute(plan.comparison.keep())
    publication.execute(f"DELETE FROM {publication.table} WHERE {plan.comparison.compared}")
    insert = plan.comparison.insert_with_kept() if keeps else plan.comparison.insert_all()
    publication.load.inserted, publication.load.deleted = publication.write(insert), rows_before


def compare_and_apply(publication: Publication, plan: Plan, rows_before: int, *, writes_versions: bool) -> None:
    """Compare the staged rows with the table and write the differences. Raises LoadBlocked at the NULL gate."""
    load, options, comparison = publication.load, publication.options, plan.comparison
    _compare(publication, [comparison.difference()])
    counts = _count_changes(publication)
    if not counts:
        return
    rows = sum(counts.get(change, 0) * sides for change, sides in _SIDES.items())
    slices = Slices.of(publication.cursor, comparison, rows, publication.row_bytes)
    with slices.spooled() as statements:
        _compare(publication, statements)
        give_back()
        counts = _count_changes(publication)
        load.inserted, load.updated, load.deleted = (counts.get(change, 0) for change in _SIDES)
        if not comparison.merges and load.updated + load.deleted >= options.gates.filled_share * rows_before:
            _check_columns(publication, plan, rows_before, comparison.counting, comparison.counting)
        writing = comparison.apply()
        if writes_versions:
            writing += [plan.history.close(), plan.history.open()]
        changes = plan.history.changes(f"{publication.target.meta}.changes") if options.history else []
        for statement in itertools.chain(slices.each(writing, changes), comparison.refresh()):
            publication.execute(statement)


def _compare(publication: Publication, statements: Iterable[str]) -> None:
    """Run statements with a second thread.

    Hashing only reads, and is faster with two threads (300,000 users in 1.7 s instead of 3.1 s), although writing is slower.
    """
    publication.cursor.execute(f"SET threads = {_COMPARING_THREADS}")
    for statement in statements:
        publication.execute(statement)
    publication.cursor.execute(f"SET threads = {THREADS}")


def _count_changes(publication: Publication) -> dict[str, int]:
    return dict(publication.execute("SELECT change, count(*) FROM difference GROUP BY change").fetchall())


def count_rows(publication: Publication, plan: Plan) -> None:
    """Fill in the load's counts, record its rejects, and keep a preview of its changes."""
    load, staged, meta = publication.load, publication.staged, publication.target.meta
    load.rows, load.duplicates = staged.rows, staged.duplicates
    load.unchanged = staged.rows - load.inserted - load.updated
    load.rejected = record_rejects(publication, plan)
    if publication.options.history and load.inserted + load.updated + load.deleted:
        preview = publication.execute(
            f"SELECT key, change, column_name FROM {meta}.changes WHERE load_id = $load LIMIT {_PREVIEW}"
        ).fetchall()
        load.preview = [ChangedAttribute(*values) for values in preview]
