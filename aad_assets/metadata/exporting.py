"""The file as `aad-assets metadata export` writes it, with every entity and column."""

import textwrap
from collections.abc import Iterable

from aad_assets.catalog import ENTITIES, Entity, Shape

_HEAD = """\
# The entities and columns that aad_assets reads. Set AAD_CONNECTION_METADATA to the path of this file, and edit it:
#
#   on: false          the entity is not read and has no asset; its table stays as it is
#   mobilePhone: off   the column is not requested or stored; values that were stored remain only in the history
#   mobilePhone: pseudonymise   a hash is stored in place of the value; AAD_PSEUDONYM_KEY is its secret
#   ipAddress: truncate         an IP address is stored without the part that names a device
#   users: off         short for `on: false` below `users:`, in place of all lines below it
#
#   reload_mode        compare, compare_keep_deleted (deleted rows stay, with _deleted_at), truncate, recreate
#   history: off       no versions and changes are kept (the default for logs)
#   volatile           columns whose differences do not count as changes and start no version
#   gates              shares from 0 to 1 at which a load is blocked, in place of the defaults: {shrink: 0.5, refused: 0.25}.
#                      The names are count, shrink, null_column, rejects and refused; docs/history.md explains each.
#
# Entities that the file does not name keep their defaults, so that those of a new release need no edit. Columns that it does
# not name are on, including the tenant's directory extension properties (extension_<app>_<name>). The exception is
# customSecurityAttributes, which also needs the permission CustomSecAttributeAssignment.Read.All. Lines that repeat a default
# can be removed: a file of three lines is enough. `key` is only for information and cannot be changed.
#
# `aad-assets metadata check` finds mistakes in the file, and lists what is new or gone in the tenant.
# Every table and its columns: docs/tables/README.md.

entities:
"""


def export(entities: Iterable[Entity] = ENTITIES) -> str:
    """Return the text of a file that describes `entities` as they are."""
    return _HEAD + "\n".join(_section(entity) for entity in entities)


def _section(entity: Entity) -> str:
    licence = f" Licence: {entity.licence}." if entity.licence else ""
    comment = f"{entity.description} Permission: {' and '.join(entity.permissions)}.{licence}"
    names = [column.name for column in entity.all_columns]
    names += sorted(entity.disabled_columns.difference(names))  # extension properties
    protected: dict[str, str] = dict(entity.protected)
    lines = [
        *textwrap.wrap(comment, 118, initial_indent="  # ", subsequent_indent="  # ", break_on_hyphens=False),
        f"  {entity.table}:",
        f"    on: {str(entity.on).lower()}",
        f"    key: [{', '.join(entity.key)}]",
        *_reload_options(entity),
        "    columns:",
        *(f"      {name}: {'off' if name in entity.disabled_columns else protected.pop(name, 'on')}" for name in names),
        *(f"      {name}: {protection}" for name, protection in protected.items()),
    ]
    return "\n".join(lines) + "\n"


def _reload_options(entity: Entity) -> list[str]:
    """Return the lines about reloads. Logs have no reload mode, because they are always merged."""
    mode = [] if entity.shape is Shape.LOG else [f"    reload_mode: {entity.reload_mode}"]
    history = f"    history: {'on' if entity.history else 'off'}"
    gates = ", ".join(f"{name}: {share}" for name, share in entity.gates)
    return [*mode, history, f"    volatile: [{', '.join(sorted(entity.volatile))}]", f"    gates: {{{gates}}}"]
