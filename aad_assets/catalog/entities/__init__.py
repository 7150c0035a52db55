"""The declared entities, in a file for each area. To add an entity, add a declaration.

Sources: Microsoft's reference and metadata of Graph v1.0. `python -m tools.catalog_data` adds the types.
"""

from aad_assets.catalog.entities import access, directory, governance, logs, policies, recycle_bin, relationships, security
from aad_assets.catalog.entity import Entity

ENTITIES: tuple[Entity, ...] = (
    *directory.ENTITIES,
    *recycle_bin.ENTITIES,
    *relationships.ENTITIES,
    *access.ENTITIES,
    *policies.ENTITIES,
    *governance.ENTITIES,
    *security.ENTITIES,
    *logs.ENTITIES,
)
