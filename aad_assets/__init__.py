"""A complete, typed, verified copy of a Microsoft Entra ID tenant in DuckDB, as Dagster assets."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aad_assets.warehouse.reading.frames import read

__all__ = ["read"]


def __getattr__(name: str) -> Any:
    """Import `read` on first use, so that importing aad_assets does not import pandas."""
    if name == "read":
        from aad_assets.warehouse.reading.frames import read

        return read
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
