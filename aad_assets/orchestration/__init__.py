"""Dagster's side of the project: resources, assets, jobs and schedules. The logic is in `aad_assets.reload` and below."""

from aad_assets.orchestration.build import build_definitions
from aad_assets.orchestration.resources import EntraResource, WarehouseResource

__all__ = ["EntraResource", "WarehouseResource", "build_definitions"]
