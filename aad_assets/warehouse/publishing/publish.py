"""Publish one staged entity: the steps of its transaction, in order."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace

import duckdb

from aad_assets.catalog import Entity
from aad_assets.errors import LoadBlocked, Refusals, WarehouseError
from aad_assets.warehouse.database.failures import is_out_of_memory, needs_memory
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.publishing import steps
from aad_assets.warehouse.publishing.comments import record_added, write_comments
from aad_assets.warehouse.publishing.gates import Gate
from aad_assets.warehouse.publishing.kept_rows import find_kept_rows
from aad_assets.warehouse.publishing.loads import Load, LogDay, insert_load, record_day
from aad_assets.warehouse.publishing.options import REPLACING, Mode, Options
from aad_assets.warehouse.publishing.presentation import present_table
from aad_assets.warehouse.publishing.publication import Plan, Publication
from aad_assets.warehouse.publishing.quarantine import quarantine
from aad_assets.warehouse.publishing.views import rebind_views
from aad_assets.warehouse.staging.entity_stage import Staged
from aad_assets.warehouse.staging.stage import THREADS


def publish(
    cursor: duckdb.DuckDBPyConnection,
    target: Target,
    entity: Entity,
    staged: Staged,
    load: Load,
    rejected: Sequence[str] = (),
    options: Options | None = None,
    counted: int | None = None,
    day: LogDay | None = None,
    inherited: Sequence[Refusals] = (),
) -> None:
    """Bring the table to the staged rows, and fill in the counts of `load`.

    `rejected` names properties that were not read, because Graph rejects them; `counted` is Graph's `$count`. With `day`, the
    staged rows are that day of a log. They are merged, and no row is deleted. The rows of parents in `load.refusals` stay as
    they are. So do the rows below the parents in `inherited`, which were reported by loads of tables above this one. Raises
    LoadBlocked, whose message says where the staged rows are kept, and WarehouseError; the table is then unchanged. Blocks:
    call it in a thread.
    """
    options = options or Options.of(entity)
    if day:
        options = replace(options, mode=Mode.MERGE)
    draft = replace(load, schema_changes=[*load.schema_changes], preview=[], mode=options.mode.value)
    publication = Publication(cursor, target, entity, staged, draft, tuple(rejected), options, counted, day, tuple(inherited))
    try:
        with _restored_settings(cursor), target.transaction(cursor, load.tenant_id):
            try:
                is_changed = _run(publication)
            except duckdb.OutOfMemoryException as error:
                if not is_out_of_memory(error):
                    raise
                raise WarehouseError(needs_memory("Publishing the rows that were read", staged.largest)) from None
    except LoadBlocked as error:
        load.mode, load.rows, load.duplicates = draft.mode, staged.rows, staged.duplicates
        if error.gate == Gate.LATER_READ:
            raise
        kept = quarantine(cursor, target.database, staged.relation, f"{entity.table}-{load.load_id}")
        where = f"are in {kept}" if kept else "could not be kept"
        raise LoadBlocked(
            error.gate, f"{error} The table is unchanged; the rows that were read {where}.", error.override, str(kept or "")
        ) from None
    # Only now: a load that failed has changed nothing and counts nothing.
    vars(load).update(vars(draft))
    if is_changed:
        rebind_views(cursor, target, entity.table)


def _run(publication: Publication) -> bool:
    """Run the steps of a publish inside its transaction. An exception in one of them rolls back all.

    Return whether the columns of a table that existed, or of its history, have changed.
    """
    load, options = publication.load, publication.options
    is_first = steps.take_instant(publication)
    existing = publication.target.tables(publication.cursor)
    stored = publication.stored_columns(publication.table, existing)
    plan = Plan.of(publication, stored)
    if len(plan.columns) > len(publication.entity.columns):
        load.reason = " ".join(filter(None, (load.reason, options.keeps_columns)))
    is_new, has_history = stored is None, options.history or publication.history_table in existing
    stored, rows_before = steps.settle_deleted_rows(publication, plan, stored)
    load.kept = find_kept_rows(publication, plan, stored)

    steps.check_gates(publication, plan, stored, rows_before)

    steps.create_missing_table(plan, stored)
    history_resumes = steps.migrate_history(publication, plan, stored, existing, rows_before)
    steps.migrate_table(publication, plan, stored)
    if is_new or (has_history and publication.history_table not in existing):
        publication.target.tables_changed()

    if is_first and not rows_before:
        load.inserted = publication.write(plan.comparison.insert_all())
        history_resumes = True
    elif options.mode in REPLACING:
        steps.replace_rows(publication, plan, rows_before - load.kept)
        history_resumes = True
    else:
        writes_versions = options.history and not history_resumes
        steps.compare_and_apply(publication, plan, rows_before - load.kept, writes_versions=writes_versions)
    if options.history and history_resumes:
        publication.execute(plan.history.begin([column.name for column in plan.columns]))

    record_added(publication, load.schema_changes)
    entity = publication.entity
    described = {publication.table: entity.description}
    if options.history:
        described[publication.history_table] = f"Every version of every row of {entity.table}. {entity.description}"
    write_comments(publication, described)
    is_changed = present_table(publication, has_history=has_history) and not is_new
    steps.count_rows(publication, plan)
    insert_load(publication.cursor, publication.target, load)
    if publication.day:
        record_day(publication.cursor, publication.target, load.entity, load.tenant_id, publication.day, load.load_id)
    return is_changed


@contextlib.contextmanager
def _restored_settings(cursor: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Set back at the end what comparing and writing many rows have set. See also `slices.py`."""
    try:
        yield
    finally:
        for setting in (f"threads = {THREADS}", "GLOBAL disabled_compression_methods = ''"):
            with contextlib.suppress(duckdb.Error):  # the run is being stopped
                cursor.execute(f"SET {setting}")
