"""The Dagster skin: resources, assets, jobs, schedules. What they do stands in `aad_assets.reload` and below."""

from aad_assets.orchestration.build import build_definitions
from aad_assets.orchestration.resources import EntraResource, WarehouseResource

__all__ = ["EntraResource", "WarehouseResource", "build_definitions"]
