"""How a stored type and a declared one differ, and the SQL that converts values of one into the other.

A schema change is not a change of data: rows are compared in the older type, and new parts are filled in. There is no
connection here. See also `schema_migrator.py`, which rebuilds the tables.
"""

from collections.abc import Callable, Iterator

from aad_assets.catalog.types import Json, List, Scalar, Struct, Type, duckdb_type, quoted
from aad_assets.warehouse.database.stored_types import SCALARS
from aad_assets.warehouse.publishing.loads import SchemaChange

_WIDER = {("Int32", "Int64"), ("Int32", "Double"), ("Date", "DateTimeOffset")}
_NAMES = {duckdb_type(type_): type_ for type_ in SCALARS.values()}


def as_stored(type_: Type) -> Type:
    """Return the type with one name for scalars that DuckDB stores alike: Guid becomes String."""
    match type_:
        case List(item):
            return List(as_stored(item))
        case Struct(fields):
            return Struct(tuple((name, as_stored(field)) for name, field in fields))
        case _:
            return _NAMES[duckdb_type(type_)]


def type_name(type_: Type) -> str:
    """Return the name of the DuckDB type, also for a type that no declaration can have."""
    return type_.name if isinstance(type_, Scalar) and type_ not in SCALARS.values() else duckdb_type(type_)


def fields_by_name(type_: Struct) -> dict[str, tuple[str, Type]]:
    """Return the fields by lower-case name: DuckDB's names are not case-sensitive."""
    return {name.lower(): (name, field) for name, field in type_.fields}


def differences(where: str, stored: Type, declared: Type) -> Iterator[SchemaChange]:
    """Find columns and fields that were added, were lost or changed their type, at any depth."""
    match stored, declared:
        case List(old), List(new):
            yield from differences(where, old, new)
        case Struct(), Struct():
            before, now = fields_by_name(stored), fields_by_name(declared)
            for key, (name, field) in now.items():
                if key in before:
                    yield from differences(f"{where}.{name}", before[key][1], field)
                else:
                    yield SchemaChange(f"{where}.{name}", "added")
            yield from (SchemaChange(f"{where}.{name}", "lost") for key, (name, _) in before.items() if key not in now)
        case _ if stored != declared:
            yield SchemaChange(where, "widened" if _widens(stored, declared) else "retyped")


def _widens(stored: Type, declared: Type) -> bool:
    match stored, declared:
        case Scalar(old), Scalar(new):
            return (old, new) in _WIDER
        case ((List() | Struct()), Json()):
            return True
        case _:
            return False


def castable(stored: Type, declared: Type) -> bool:
    """Return whether values of one type may cast to the other. Whether each of them does depends on the value."""
    match stored, declared:
        case List(old), List(new):
            return castable(old, new)
        case Struct(), Struct():
            before, now = fields_by_name(stored), fields_by_name(declared)
            return all(castable(before[key][1], now[key][1]) for key in before.keys() & now.keys())
        case Scalar(), Scalar():
            return True
        case _:
            return stored == declared or _widens(stored, declared)


def common(stored: Type, declared: Type) -> Type:
    """Return the older type without the fields that the newer one has lost. Values of both are compared in it."""
    match stored, declared:
        case List(old), List(new):
            return List(common(old, new))
        case Struct(), Struct():
            now = fields_by_name(declared)
            return Struct(
                tuple((name, common(field, now[name.lower()][1])) for name, field in stored.fields if name.lower() in now)
            )
        case _:
            return stored


def union(stored: Type, declared: Type) -> Type:
    """Return the newer type with the fields that it has lost, because history keeps them."""
    match stored, declared:
        case List(old), List(new):
            return List(union(old, new))
        case Struct(), Struct():
            before, now = fields_by_name(stored), fields_by_name(declared)
            fields = [(name, union(before[key][1], field) if key in before else field) for key, (name, field) in now.items()]
            return Struct((*fields, *(field for key, field in before.items() if key not in now)))
        case _:
            return declared


def convert(expression: str, old: Type, new: Type, *, strict: bool = False, depth: int = 0) -> str:
    """Return SQL that converts `expression` from type `old` to `new`.

    Fields that `old` lacks become NULL. So do values that do not cast, unless `strict`: then they raise an error in DuckDB.
    """
    if old == new:
        return expression
    match old, new:
        case List(item), List(wanted):
            inner = f"c{depth}"
            value = convert(inner, item, wanted, strict=strict, depth=depth + 1)
            return f"list_transform({expression}, lambda {inner}: {value})"
        case Struct(), Struct():
            given = fields_by_name(old)

            def member(name: str, wanted: Type) -> str:
                if name.lower() not in given:
                    return f"NULL::{type_name(wanted)}"
                source, field = given[name.lower()]
                return convert(f"({expression}).{quoted(source)}", field, wanted, strict=strict, depth=depth)

            return _packed(expression, new, member)
        case _, Json() if isinstance(old, List | Struct):
            return f"to_json({expression})"
        case _:
            return f"{'CAST' if strict else 'TRY_CAST'}({expression} AS {type_name(new)})"


def overlay(kept: str, stored: Type, read: str, declared: Type, older: Type) -> str:
    """Return SQL for a value of a history's type, `union(stored, declared)`: the read value with the stored lost fields.

    `older` is the type that the table had. The items of two lists cannot be matched, so a list is taken as it was read, or as
    it is stored if the declaration adds nothing to it.
    """
    wanted = union(stored, declared)
    match stored, declared, older:
        case Struct(), Struct(), Struct():
            before, now, table = fields_by_name(stored), fields_by_name(declared), fields_by_name(older)

            def member(name: str, field: Type) -> str:
                key = name.lower()
                old, new = f"({kept}).{quoted(name)}", f"({read}).{quoted(name)}"
                if key not in now:
                    return old
                if key in before and key in table:
                    return overlay(old, before[key][1], new, now[key][1], table[key][1])
                return convert(new, now[key][1], field)

            return f"CASE WHEN {read} IS NULL THEN {convert(kept, stored, wanted)} ELSE {_packed(read, wanted, member)} END"
        case _ if wanted == stored and all(change.change == "lost" for change in differences("", older, declared)):
            return kept
        case _:
            return convert(read, declared, wanted)


def _packed(expression: str, type_: Type, member: Callable[[str, Type], str]) -> str:
    assert isinstance(type_, Struct)
    if not type_.fields:  # nothing in common except that there is a value
        return f"CASE WHEN {expression} IS NOT NULL THEN true END"
    members = ", ".join(f"{quoted(name)} := {member(name, field)}" for name, field in type_.fields)
    return f"CASE WHEN {expression} IS NOT NULL THEN struct_pack({members}) END"
