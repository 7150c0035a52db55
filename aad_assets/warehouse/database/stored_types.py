"""The types of stored columns, as the catalogue names them."""

from typing import Any

from aad_assets.catalog.types import STRING, Json, List, Scalar, Struct, Type

SCALARS: dict[str, Type] = {
    "BOOLEAN": Scalar("Boolean"),
    "DATE": Scalar("Date"),
    "TIMESTAMP WITH TIME ZONE": Scalar("DateTimeOffset"),
    "DOUBLE": Scalar("Double"),
    "INTEGER": Scalar("Int32"),
    "BIGINT": Scalar("Int64"),
    "VARCHAR": STRING,
    "JSON": Json(),
}
"""The types without children by DuckDB's name."""


def stored_type(type_: Any) -> Type:
    """Return the type of a DuckDBPyType; a type that no declaration can have becomes a Scalar with its name."""
    if type_.id == "list":
        return List(stored_type(type_.children[0][1]))
    if type_.id == "struct":
        return Struct(tuple((name, stored_type(child)) for name, child in type_.children))
    return SCALARS.get(str(type_), Scalar(str(type_)))


def declared_type(text: str) -> Type:
    """Return the type that SQL calls `text`: a scalar, `JSON`, or a list of one, such as `VARCHAR[]`."""
    if text.endswith("[]"):
        return List(declared_type(text.removesuffix("[]")))
    return SCALARS["TIMESTAMP WITH TIME ZONE" if text == "TIMESTAMPTZ" else text]
