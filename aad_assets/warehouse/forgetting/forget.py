"""Forgetting everywhere: the files of blocked loads, the tables, the freed space in the file, and the serving copy.

The order makes a second attempt complete after a kill at any moment: the tables, which know a person's addresses, are changed
in one transaction after the files, and everything after that is a rewrite of the whole file.
"""

import contextlib
from collections.abc import Callable
from pathlib import Path

import duckdb

from aad_assets.errors import ConfigurationError, WarehouseError
from aad_assets.settings import is_file
from aad_assets.warehouse.database.database_file import compact, copy_for_serving, remove_unfinished
from aad_assets.warehouse.database.sql import sql_string
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.forgetting.column import forget_column, is_known
from aad_assets.warehouse.forgetting.person import forget_person, identify, names_person
from aad_assets.warehouse.forgetting.tables import Removed
from aad_assets.warehouse.publishing.quarantine import quarantine_folder
from aad_assets.warehouse.staging.stage import Stage
from aad_assets.warehouse.staging.workspace import workspace


def forget(
    target: Target,
    *,
    person: str = "",
    column: tuple[str, str] | None = None,
    serving_copy: str = "",
    memory_limit: str = "",
) -> list[Removed]:
    """Forget a person by object id, or a column as (table, column). Return what was removed, by place.

    `memory_limit` is AAD_MEMORY_LIMIT. Raises ConfigurationError for a column that cannot be forgotten or does not exist, and
    WarehouseError. Blocks: call it in a thread.
    """
    if is_file(target.database) and not Path(target.database).exists():
        raise WarehouseError(
            f"There is no database {target.database} (AAD_DATABASE), so nothing was forgotten. Check the setting."
        )
    with (
        workspace(target.database) as folder,
        contextlib.closing(Stage(folder, memory_limit=memory_limit)) as stage,
        stage.cursor() as cursor,
    ):
        removed = _forget(cursor, target, person, column)
        try:
            compact(cursor, target)
            if serving_copy and not Path(serving_copy).exists():
                remove_unfinished(serving_copy)
            elif serving_copy:
                copy_for_serving(cursor, target, serving_copy)
                removed.append(Removed(serving_copy, 1, "file"))
        except WarehouseError as error:
            raise WarehouseError(
                f"{error} The rows are deleted, but the file or its serving copy still contains them. Run the command again."
            ) from None
        # At the end, because an attempt that was interrupted may have removed a property from `_extra`.
        if column is not None and not removed:
            _check_column(cursor, target, *column)
    return removed


def _forget(cursor: duckdb.DuckDBPyConnection, target: Target, person: str, column: tuple[str, str] | None) -> list[Removed]:
    """Remove the files of blocked loads that are concerned, then rows and values of the database."""
    if column is not None:
        with target.transaction(cursor):
            removed = forget_column(cursor, target, *column)
        files = _remove_blocked(target, lambda path: path.name.startswith(f"{column[0].lower()}-"))
        return [*removed, *files]
    with target.transaction(cursor):
        identifiers = identify(cursor, target, person)

    def concerned(path: Path) -> bool:
        try:
            return names_person(cursor, f"read_parquet({sql_string(str(path))})", identifiers)
        except duckdb.Error:  # the file of a load that was killed while it was written
            return True

    files = _remove_blocked(target, concerned)
    with target.transaction(cursor):
        return [*files, *forget_person(cursor, target, person)]


def _check_column(cursor: duckdb.DuckDBPyConnection, target: Target, table: str, column: str) -> None:
    with target.transaction(cursor):
        if not is_known(cursor, target, table, column):
            raise ConfigurationError(
                f"Neither {table} nor its history has a column {column}, so nothing was forgotten. "
                "Check the name in docs/tables."
            )


def _remove_blocked(target: Target, concerned: Callable[[Path], bool]) -> list[Removed]:
    """Delete the files of blocked loads that are `concerned`. Inspect the others as before."""
    folder = quarantine_folder(target.database)
    paths = [path for path in folder.glob("*.parquet") if not path.is_symlink() and concerned(path)]
    for path in paths:
        path.unlink(missing_ok=True)
    return [Removed(str(folder), len(paths), "file")] if paths else []
