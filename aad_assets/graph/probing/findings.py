"""Results of a probe: the finding for one entity, and the report for a tenant."""

from dataclasses import dataclass, field
from enum import StrEnum

from aad_assets.catalog import Entity
from aad_assets.catalog.access import Access
from aad_assets.errors import (
    AadAssetsError,
    ErrorResponse,
    GraphError,
    LicenceMissing,
    NotAvailable,
    NotFound,
    PermissionMissing,
    PersonNeeded,
    RoleMissing,
)
from aad_assets.graph.reading.extensions import Extensions


class Status(StrEnum):
    """How a probe ended. The values are stable, because `aad-assets check --json` prints them."""

    READABLE = "readable"
    PERMISSION = "permission_missing"
    REFUSED = "refused"
    """Rejected although the token has the permissions."""
    ROLE = "role_missing"
    """The person who signed in lacks a directory role."""
    LICENCE = "licence_missing"
    PERSON = "person_needed"
    """Graph gives it to a signed-in person only."""
    NOT_AVAILABLE = "not_available"
    """This tenant or cloud does not have it, which is nothing unusual."""
    CLOUD = "not_in_this_cloud"
    ERROR = "error"


@dataclass(frozen=True)
class Finding:
    """The result of one entity's probe."""

    entity: Entity
    status: Status
    missing: tuple[str, ...] = ()
    """Permissions to grant."""
    note: str = ""
    """Anything else to report: no parents to try, rejected properties, the parent that cannot be read."""
    response: ErrorResponse | None = None
    """Graph's response if it was an error."""
    rejected: tuple[str, ...] = ()
    """Properties of the `$select` that Graph rejects, and that a reload therefore omits."""
    empty_columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Columns that stay empty because a permission of their own is missing, each with that permission or its alternatives."""
    undeclared: tuple[str, ...] = ()
    """Members of the rows that the catalogue does not declare, if a sample was requested."""


@dataclass
class Report:
    """The findings for a tenant."""

    tenant_id: str
    granted: frozenset[str] | None
    """Permissions in the token; None if the token cannot be read."""
    findings: list[Finding]
    extensions: Extensions | None
    """The tenant's directory extension properties; None if they could not be read."""


def failure(entity: Entity, error: AadAssetsError, access: Access) -> Finding:
    """Return the finding for an entity that could not be read by a token with `access`."""
    error = access.judge(entity, error)
    if isinstance(error, PersonNeeded):
        return Finding(entity, Status.PERSON, response=error.response)
    if not isinstance(error, GraphError):
        return Finding(entity, Status.ERROR, note=str(error))
    response = error.response
    match error:
        case LicenceMissing():
            return Finding(entity, Status.LICENCE, response=response)
        case NotAvailable():
            return Finding(entity, Status.NOT_AVAILABLE, response=response)
        case RoleMissing():
            return Finding(entity, Status.ROLE, response=response)
        case PermissionMissing():
            missing = access.missing(entity)
            return Finding(entity, Status.PERMISSION if missing else Status.REFUSED, missing, response=response)
        case _:
            absent = isinstance(error, NotFound) or is_unknown_path(response)
            return Finding(entity, Status.CLOUD if absent else Status.ERROR, response=response)


def is_unknown_path(response: ErrorResponse) -> bool:
    """Return whether Graph reports that the path does not exist in this cloud."""
    return response.status in (400, 404) and "resource not found for the segment" in response.message.lower()
