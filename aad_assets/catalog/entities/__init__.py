"""The declared entities, in a file for each area. To add an entity, add a declaration.

Sources: Microsoft's reference and metadata of Graph v1.0. `python -m tools.catalog_data` adds the types.
"""

from aad_assets.catalog.entities import (
    access,
    conditional_access,
    directory,
    entitlements,
    external_identities,
    governance,
    logs,
    policies,
    privileged_access,
    recycle_bin,
    relationships,
    security,
    tenant,
)
from aad_assets.catalog.entity import Entity

ENTITIES: tuple[Entity, ...] = (
    *directory.ENTITIES,
    *tenant.ENTITIES,
    *recycle_bin.ENTITIES,
    *access.ENTITIES,
    *privileged_access.ENTITIES,
    *conditional_access.ENTITIES,
    *policies.ENTITIES,
    *external_identities.ENTITIES,
    *entitlements.ENTITIES,
    *governance.ENTITIES,
    *relationships.ENTITIES,
    *security.ENTITIES,
    *logs.ENTITIES,
)
