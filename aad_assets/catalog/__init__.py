"""The catalogue: one declaration per entity, with its typed columns. It reads no files except its own data."""

from aad_assets.catalog.columns import Column
from aad_assets.catalog.entities import ENTITIES
from aad_assets.catalog.entity import Entity
from aad_assets.catalog.enums import Family, Group, Licence, Shape, Version

__all__ = ["CATALOG", "ENTITIES", "Column", "Entity", "Family", "Group", "Licence", "Shape", "Version"]

CATALOG: dict[str, Entity] = {entity.table: entity for entity in ENTITIES}
"""Entities by table name, in the order of their declaration: parents before their children."""
