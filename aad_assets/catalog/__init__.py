"""WHAT there is: one declaration per entity and its typed columns. No I/O beyond the package's own data."""

from aad_assets.catalog.entities import ENTITIES
from aad_assets.catalog.entity import Column, Entity, Family, Group, Licence, Shape

__all__ = ["CATALOG", "ENTITIES", "Column", "Entity", "Family", "Group", "Licence", "Shape"]

CATALOG: dict[str, Entity] = {entity.table: entity for entity in ENTITIES}
"""Entities by table name, in the order of their declaration: parents before children."""
