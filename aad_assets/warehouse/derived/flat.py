"""SQL builders for the schema `<connection>_flat`: tables and views without STRUCT, LIST and JSON, for spreadsheets and BI.

Structs are spread over columns named after their fields. Lists of values are joined by `; `. Lists of structs or JSON become
rows of views of their own. JSON is text, and times are naive and in UTC. They read the schema `<connection>_at`, and so show
the tables as of the session variable `as_of`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from aad_assets.catalog.types import Json, List, Scalar, Struct, Type, quoted

POSITION = "_position"
_TENANT = "_tenant_id"


@dataclass(frozen=True)
class FlatView:
    """A view: its name, its query, and for each of its columns the path in the table, such as `deviceDetail.browser`."""

    name: str
    query: str
    paths: Mapping[str, str]


@dataclass
class _Source:
    """Rows to flatten: the SQL that selects them, and the columns that identify one, as name and expression."""

    sql: str
    keys: Sequence[tuple[str, str]]
    depth: int = 0


@dataclass
class _Columns:
    """The flat columns of one view, and the lists that need a view of their own."""

    values: dict[str, str] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)
    lists: list[tuple[tuple[str, ...], str, Type]] = field(default_factory=list)

    def add(self, name: str, expression: str, path: str) -> None:
        """Add a column under its name, or the next one that is free."""
        taken, wanted, number = {each.lower() for each in self.values}, name, 2
        while name.lower() in taken:
            name, number = f"{wanted}_{number}", number + 1
        self.values[name], self.paths[name] = expression, path

    def flatten(self, path: tuple[str, ...], expression: str, type_: Type) -> None:
        """Add the columns of a value of any type."""
        match type_:
            case Struct(fields):
                for name, field_type in fields:
                    self.flatten((*path, name), f"({expression}).{quoted(name)}", field_type)
            case List(Scalar() as item):
                self.add("_".join(path), f"array_to_string({_texts(expression, item)}, '; ')", ".".join(path))
            case List(item):
                self.lists.append((path, expression, item))
            case _:
                self.add("_".join(path), _plain(expression, type_), ".".join(path))


def _plain(expression: str, type_: Type) -> str:
    if type_ == Scalar("DateTimeOffset"):
        return f"make_timestamp(epoch_us({expression}))"
    return f"{expression}::VARCHAR" if type_ == Json() else expression


def _texts(expression: str, item: Scalar) -> str:
    if item == Scalar("DateTimeOffset"):
        return f"list_transform({expression}, lambda t: make_timestamp(epoch_us(t))::VARCHAR)"
    return expression if item == Scalar("String") else f"{expression}::VARCHAR[]"


def flat_views(schema: str, name: str, columns: Sequence[tuple[str, Type]], key: Sequence[str]) -> Iterator[FlatView]:
    """Yield the flat view of a table or view, and one for each list of structs or JSON in it, at any depth.

    `columns` are all its columns, and `schema` is that of the connection. The rows of lists have the table's key, each column
    with the table's name in front, and their position in the list, from 1.
    """
    keys = [(column, quoted(column)) for column in key if column != _TENANT]
    source = _Source(f"{quoted(f'{schema}_at')}.{quoted(name)}", keys)
    flat = _Columns()
    for column, type_ in columns:
        flat.flatten((column,), quoted(column), type_)
    yield FlatView(name, _select(flat.values, source.sql), flat.paths)
    for path, expression, item in flat.lists:
        yield from _rows(name, name, path, expression, item, source)


def _rows(name: str, table: str, path: tuple[str, ...], expression: str, item: Type, source: _Source) -> Iterator[FlatView]:
    """Yield the view of the items of a list, and those of the lists in them."""
    depth = source.depth + 1
    inner = [f"{sql} AS {quoted(alias)}" for alias, sql in source.keys]
    inner = [_TENANT, *inner, f"unnest({expression}) AS item{depth}", f"unnest(range(1, len({expression}) + 1)) AS at{depth}"]
    numbers = [(POSITION if number == 1 else f"{POSITION}_{number}", f"at{number}") for number in range(1, depth + 1)]
    inner += [f"at{number}" for number in range(1, depth)]
    keys = [(alias, quoted(alias)) for alias, _ in source.keys]
    rows = _Source(f"(SELECT {', '.join(inner)} FROM {source.sql})", keys, depth)
    flat = _Columns()
    flat.add(_TENANT, _TENANT, _TENANT)
    for alias, sql in keys:
        flat.add(f"{table}_{alias}", sql, alias)
    for number, column in numbers:
        flat.add(number, column, ".".join(path))
    before = len(flat.values)
    match item:
        case Struct(fields):
            for field_name, type_ in fields:
                flat.flatten((field_name,), f"item{depth}.{quoted(field_name)}", type_)
        case _:
            flat.flatten(("value",), f"item{depth}", item)
    for column in [*flat.values][before:]:
        flat.paths[column] = ".".join([*path, flat.paths[column]])
    own = f"{name}_{'_'.join(path)}"
    yield FlatView(own, _select(flat.values, rows.sql), flat.paths)
    for inner_path, inner_expression, inner_item in flat.lists:
        yield from _rows(own, table, inner_path, inner_expression, inner_item, rows)


def _select(values: Mapping[str, str], source: str) -> str:
    selected = [sql if sql == quoted(name) else f"{sql} AS {quoted(name)}" for name, sql in values.items()]
    return f"SELECT {', '.join(selected)} FROM {source}"
