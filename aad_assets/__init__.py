"""A complete, typed, verified copy of a Microsoft Entra ID tenant in DuckDB, as Dagster assets."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aad_assets.component import AadAssetsComponent
    from aad_assets.orchestration.build import build_definitions
    from aad_assets.warehouse.reading.frames import read

__all__ = ["AadAssetsComponent", "build_definitions", "read"]

# Imported on first use, so that importing aad_assets imports neither pandas nor Dagster.
_MODULES = {
    "AadAssetsComponent": "aad_assets.component",
    "build_definitions": "aad_assets.orchestration.build",
    "read": "aad_assets.warehouse.reading.frames",
}


def __getattr__(name: str) -> Any:
    """Import a public name on first use."""
    if name in _MODULES:
        return getattr(import_module(_MODULES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """Return all names, also those that are not imported yet: Dagster's `dg` looks for components among them."""
    return sorted({*globals(), *__all__})
