"""Which columns of the core tables name rows of other tables, and the page that shows it.

Children's columns follow from the declarations; ids that Graph puts into rows are listed here. Not here: the picture
(`diagram.py`).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from aad_assets.catalog.entities import ENTITIES
from aad_assets.catalog.entity import Entity

MERMAID_PAGE = "diagram.md"
PICTURE = "entity-relationships.svg"

CORE = (
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


@dataclass(frozen=True)
class Reference:
    """`column` of `table` holds `key` of a row in one of `targets`; dots lead into a STRUCT, `[]` through a list."""

    table: str
    column: str
    targets: tuple[str, ...]
    key: str = "id"
    unique: bool = False
    """No two rows name the same."""
    optional: bool = False
    """It can be empty, or name something else."""

    @property
    def label(self) -> str:
        """The column, or the last part of a long path."""
        return self.column.removeprefix("conditions.").split(".", 1)[-1] if "conditions." in self.column else self.column

    @property
    def many(self) -> bool:
        """One row names several."""
        return "[]" in self.column


_PRINCIPALS = ("users", "groups", "service_principals")

_IN_ROWS = (
    Reference("user_managers", "userId", ("users",), unique=True),
    Reference("user_managers", "managerId", ("users",)),
    Reference("user_sign_in_activity", "id", ("users",), unique=True),
    Reference("user_registration_details", "id", ("users",), unique=True),
    Reference("users", "assignedLicenses[].skuId", ("subscribed_skus",), "skuId"),
    Reference("groups", "assignedLicenses[].skuId", ("subscribed_skus",), "skuId"),
    Reference("group_members", "memberId", ("users", "groups", "devices", "service_principals")),
    Reference("group_owners", "ownerId", ("users", "service_principals")),
    Reference("application_owners", "ownerId", ("users", "service_principals")),
    Reference("device_registered_owners", "ownerId", ("users",)),
    Reference("administrative_unit_members", "memberId", ("users", "groups", "devices")),
    Reference("service_principals", "appId", ("applications",), "appId", unique=True, optional=True),
    Reference("app_role_assignments", "principalId", _PRINCIPALS),
    Reference("app_role_assignments", "resourceId", ("service_principals",)),
    Reference("oauth2_permission_grants", "principalId", ("users",), optional=True),
    Reference("oauth2_permission_grants", "clientId", ("service_principals",)),
    Reference("oauth2_permission_grants", "resourceId", ("service_principals",)),
    Reference("role_assignments", "principalId", _PRINCIPALS),
    Reference("role_assignments", "roleDefinitionId", ("role_definitions",)),
    Reference("role_assignments", "directoryScopeId", ("administrative_units",), optional=True),
    Reference("role_eligibility_schedules", "principalId", ("users", "groups")),
    Reference("role_eligibility_schedules", "roleDefinitionId", ("role_definitions",)),
    Reference("conditional_access_policies", "conditions.users.includeUsers[]", ("users",)),
    Reference("conditional_access_policies", "conditions.users.includeGroups[]", ("groups",)),
    Reference("conditional_access_policies", "conditions.users.includeRoles[]", ("role_definitions",), "templateId"),
    Reference(
        "conditional_access_policies", "conditions.applications.includeApplications[]", ("service_principals",), "appId"
    ),
    Reference("conditional_access_policies", "conditions.locations.includeLocations[]", ("named_locations",)),
    Reference("sign_ins", "userId", ("users",)),
    Reference("sign_ins", "appId", ("service_principals",), "appId"),
)

_NOTES = """\
- `memberId`, `ownerId` and `principalId` name an object of one of several kinds; `memberType`, `ownerType` and
  `principalType` say which.
- `directoryScopeId` is `/` for the whole tenant, `/administrativeUnits/{id}` for an administrative unit.
- The lists in conditions of conditional access also hold words: `All`, `None`, `GuestsOrExternalUsers`, `Office365`; and
  there is an `exclude…` beside each `include…`.
- `role_definitions.id` of a built-in role is its `templateId`, the same in every tenant: `directory_roles.roleTemplateId`.
- Built-in applications of Microsoft and of other organizations have a row in `service_principals` and none in `applications`.
"""


def core_entities() -> list[Entity]:
    """In the order of CORE."""
    by_table = {entity.table: entity for entity in ENTITIES}
    return [by_table[table] for table in CORE]


def references() -> Iterator[Reference]:
    """Those of the core tables to each other: the declared parents first."""
    for entity in core_entities():
        if entity.parent in CORE:
            for column, key in zip(entity.parent_columns, entity.parent_key, strict=False):
                yield Reference(entity.table, column, (entity.parent,), key)
    yield from _IN_ROWS


def shown(entity: Entity) -> list[str]:
    """What a picture shows of a table: its key, its name and the columns that lead elsewhere, in that order."""
    names = {column.name for column in entity.columns}
    ours = [reference.column for reference in references() if reference.table == entity.table]
    led_to = [reference.key for reference in references() if entity.table in reference.targets]
    called = [name for name in ("displayName", "userPrincipalName", "skuPartNumber") if name in names][:2]
    return list(dict.fromkeys([*(name for name in entity.key if name in names), *led_to, *called, *ours]))


def page() -> str:
    """docs/tables/diagram.md: the picture, the same as a Mermaid diagram, and what neither can say."""
    return (
        "# How the core tables hang together\n\n"
        "Written from the catalogue by `python -m aad_assets.catalog.reference`. [All tables](README.md).\n\n"
        f"![Entity-relationship picture of the core tables](../{PICTURE})\n\n{_NOTES}\n"
        f"The same as a diagram to zoom and pan:\n\n```mermaid\n{mermaid()}\n```\n"
    )


def mermaid() -> str:
    """An erDiagram of the core tables."""
    lines = ["erDiagram", "    direction LR"]
    for reference in references():
        certain = len(reference.targets) == 1 and not reference.optional
        parent = "}o" if reference.many else "||" if certain else "|o"
        child = "o|" if reference.unique else "o{"
        ends = f'{parent}--{child} {reference.table} : "{reference.label}"'
        lines += [f"    {target} {ends}" for target in reference.targets]
    for entity in core_entities():
        lines.append(f"    {entity.table} {{")
        foreign = {reference.column for reference in references() if reference.table == entity.table}
        for name in shown(entity):
            marks = [mark for mark, holds in (("PK", name in entity.key), ("FK", name in foreign)) if holds]
            lines.append(f"        {_kind(entity, name)} {_word(name)} {', '.join(marks)}".rstrip())
        lines.append("    }")
    return "\n".join(lines)


def _kind(entity: Entity, path: str) -> str:
    """A word for the type of a column, or of the list that the path leads through."""
    root = path.split(".")[0].removesuffix("[]")
    column = next(column for column in entity.columns if column.name == root)
    return "list" if "[]" in path else column.duckdb_type.lower()


def _word(path: str) -> str:
    """A path as one word that Mermaid takes for a name."""
    return path.removeprefix("conditions.").replace("[]", "").replace(".", "_")
