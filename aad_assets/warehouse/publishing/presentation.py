"""Views that a load makes of its table for readers: those in the schemas `_at` and `_flat`, with their comments."""

from collections.abc import Collection, Mapping, Sequence

from aad_assets.catalog import Entity, Shape
from aad_assets.catalog.types import Type
from aad_assets.warehouse.database.stored_types import stored_type
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.derived.as_of import Past, select_as_of
from aad_assets.warehouse.derived.definitions import Definition, write
from aad_assets.warehouse.derived.flat import POSITION, flat_views
from aad_assets.warehouse.publishing.comments import column_comments, known_since
from aad_assets.warehouse.publishing.compare import DELETED_AT
from aad_assets.warehouse.publishing.publication import Publication
from aad_assets.warehouse.publishing.relations import Relation, connection_schema, stored_relation

_POSITION = "The item's position in the list, from 1. Personal data: none."


def present_table(publication: Publication, *, has_history: bool) -> bool:
    """Write the views that are made of the table, inside the open transaction; return whether they differed.

    `has_history` says whether there is a history table, be it an old one.
    """
    cursor, target, entity = publication.cursor, publication.target, publication.entity
    stored = stored_relation(cursor, publication.table)
    history = stored_relation(cursor, publication.history_table) if has_history else None
    columns = {name: type_ for name, type_ in stored.duckdb_types.items() if name != DELETED_AT}
    comments = column_comments(entity, columns, known_since(publication))
    selected = [(name, str(type_)) for name, type_ in columns.items()]
    query = select_as_of(connection_schema(target), past_of(entity, stored, history), selected)
    typed = [(name, stored_type(type_)) for name, type_ in columns.items()]
    definitions = [
        Definition(target.at, entity.table, query, as_of_comment(entity.description), comments),
        *flat_definitions(target, entity.table, typed, entity.key, entity.description, comments),
    ]
    return write(cursor, target, entity.table, definitions, f"{stored.types}{history and history.types}")


def past_of(entity: Entity, stored: Relation, history: Relation | None, hidden: Collection[str] = ()) -> Past:
    """Return how the past of a table is known. `hidden` are columns to leave out, in lower case."""

    def types(relation: Relation) -> dict[str, str]:
        return {name.lower(): type_ for name, type_ in relation.types.items() if name.lower() not in hidden}

    return Past(
        entity.table,
        types(stored),
        types(history) if history else None,
        entity.time_property if entity.shape is Shape.LOG else None,
        DELETED_AT in stored.types,
    )


def as_of_comment(description: str) -> str:
    """Return the comment on a view of the schema `_at`."""
    return f"As of getvariable('as_of'). {description}"


def flat_definitions(
    target: Target,
    name: str,
    columns: Sequence[tuple[str, Type]],
    key: Sequence[str],
    description: str,
    comments: Mapping[str, str],
) -> list[Definition]:
    """Return the flat views of a table or view."""
    definitions = []
    for view in flat_views(connection_schema(target), name, columns, key):
        texts = {
            column: _POSITION if column.startswith(POSITION) else _flat_comment(path, comments)
            for column, path in view.paths.items()
        }
        of = "" if view.name == name else f"A list of {name}, one row per item. "
        definitions.append(Definition(target.flat, view.name, view.query, f"{of}{description}", texts))
    return definitions


def _flat_comment(path: str, comments: Mapping[str, str]) -> str:
    column, _, inner = path.partition(".")
    comment = comments.get(column, "")
    return f"{path}: {comment}".removesuffix(": ") if inner else comment
