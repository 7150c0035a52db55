"""The references between the core tables, and the page about them.

`aad_assets.catalog.references` lists the references of all tables.
"""

from collections.abc import Iterator

from aad_assets.catalog.entities import ENTITIES
from aad_assets.catalog.entity import Entity
from aad_assets.catalog.references import REFERENCES, Reference

PAGE = "diagram.md"
PICTURE = "entity-relationships.svg"
GENERATED = "Generated from the catalogue. To update it, run `make reference`."

CORE_TABLES = (
    "users",
    "groups",
    "devices",
    "service_principals",
    "applications",
    "administrative_units",
    "role_definitions",
    "subscribed_skus",
    "named_locations",
    "user_managers",
    "user_sign_in_activity",
    "user_registration_details",
    "group_members",
    "group_owners",
    "application_owners",
    "device_registered_owners",
    "administrative_unit_members",
    "app_role_assignments",
    "oauth2_permission_grants",
    "role_assignments",
    "role_eligibility_schedules",
    "conditional_access_policies",
    "sign_ins",
)


_NOTES = """\
- `memberId`, `ownerId` and `principalId` can be the id of several kinds of objects. `memberType`, `ownerType` and
  `principalType` contain the kind.
- `directoryScopeId` is `/` for the whole tenant and `/administrativeUnits/{id}` for an administrative unit.
- The lists in the conditions of conditional access policies also contain keywords: `All`, `None`, `GuestsOrExternalUsers`,
  `Office365`. Most `include…` lists have an `exclude…` list beside them.
- The `role_definitions.id` of a built-in role is its `templateId`, which is the same in every tenant. It equals
  `directory_roles.roleTemplateId`.
- Access packages are not in the picture. Their tables refer to each other by columns such as `accessPackageId` and
  `assignmentPolicyId`; `targetObjectId` and `requestorObjectId` are ids of users.
- Applications of Microsoft and of other organizations have a row in `service_principals`, but none in `applications`.
"""


def core_entities() -> list[Entity]:
    """Return the entities of the core tables, in the order of CORE_TABLES."""
    by_table = {entity.table: entity for entity in ENTITIES}
    return [by_table[table] for table in CORE_TABLES]


def references() -> Iterator[Reference]:
    """Yield the references between the core tables, those to declared parents first."""
    for entity in core_entities():
        if entity.parent in CORE_TABLES:
            for column, key in zip(entity.parent_columns, entity.parent_key, strict=False):
                yield Reference(entity.table, column, (entity.parent,), key)
    yield from (each for each in REFERENCES if {each.table, *each.targets} <= set(CORE_TABLES))


def label(reference: Reference) -> str:
    """Return the column's name in the picture. Paths into `conditions` are shortened to their last part."""
    column = reference.column
    return column.removeprefix("conditions.").split(".", 1)[-1] if "conditions." in column else column


def picture_columns(entity: Entity) -> list[str]:
    """Return the columns of a table that the picture shows: key, columns that others refer to, names, references."""
    names = {column.name for column in entity.columns}
    outgoing = [reference.column for reference in references() if reference.table == entity.table]
    incoming = [reference.key for reference in references() if entity.table in reference.targets]
    labels = [name for name in ("displayName", "userPrincipalName", "skuPartNumber") if name in names][:2]
    return list(dict.fromkeys([*(name for name in entity.key if name in names), *incoming, *labels, *outgoing]))


def page() -> str:
    """Return docs/tables/diagram.md: the picture, notes, and the picture again as a Mermaid diagram."""
    return (
        "# How the core tables are related\n\n"
        f"{GENERATED} [All tables](README.md).\n\n"
        f"![Entity-relationship picture of the core tables](../{PICTURE})\n\n{_NOTES}\n"
        f"The same as a Mermaid diagram, to zoom and pan:\n\n```mermaid\n{mermaid()}\n```\n"
    )


def mermaid() -> str:
    """Return the Mermaid erDiagram of the core tables."""
    lines = ["erDiagram", "    direction LR"]
    for reference in references():
        certain = len(reference.targets) == 1 and not reference.optional
        parent = "}o" if reference.many else "||" if certain else "|o"
        child = "o|" if reference.unique else "o{"
        ends = f'{parent}--{child} {reference.table} : "{label(reference)}"'
        lines += [f"    {target} {ends}" for target in reference.targets]
    for entity in core_entities():
        lines.append(f"    {entity.table} {{")
        foreign = {reference.column for reference in references() if reference.table == entity.table}
        for name in picture_columns(entity):
            marks = [mark for mark, holds in (("PK", name in entity.key), ("FK", name in foreign)) if holds]
            lines.append(f"        {_kind(entity, name)} {_word(name)} {', '.join(marks)}".rstrip())
        lines.append("    }")
    return "\n".join(lines)


def _kind(entity: Entity, path: str) -> str:
    """Return the type of the column that `path` starts in, or `list` if the path enters one."""
    root = path.split(".")[0].removesuffix("[]")
    column = next(column for column in entity.columns if column.name == root)
    return "list" if "[]" in path else column.duckdb_type.lower()


def _word(path: str) -> str:
    """Return `path` as a name that Mermaid accepts."""
    return path.removeprefix("conditions.").replace("[]", "").replace(".", "_")
