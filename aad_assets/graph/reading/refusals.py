"""The parents that Graph refuses: when they are too many to go on, and the error if no parent answered."""

from collections import Counter

from aad_assets.catalog import Entity
from aad_assets.errors import (
    AadAssetsError,
    ErrorResponse,
    GraphError,
    GraphUnavailable,
    InvalidResponse,
    LicenceMissing,
    NotFound,
    PageTokenExpired,
    PermissionMissing,
    RefusedParent,
)
from aad_assets.graph.reading.child_items import Parent
from aad_assets.graph.reading.queries import fill_path

ENOUGH = 60
"""Refused parents, while none has answered, that show what is wrong with all of them."""

_MAX_THROTTLED = 20
"""Parents that Graph may throttle until their retries are used up. Throttling is seldom about a single parent."""

_MAX_IN_A_ROW = 200
"""Parents that may be unavailable while no other answers: more than back off or are in flight at the end of a read."""

_COSTLY = (GraphUnavailable, InvalidResponse, PageTokenExpired)
"""Errors that come after many requests for one parent."""


def is_momentary(error: AadAssetsError) -> bool:
    """Return whether the request for a parent may succeed when it is repeated a little later."""
    return isinstance(error, NotFound | GraphUnavailable)


class RefusalTally:
    """The refused parents of one read, and what their number means."""

    def __init__(self, entity: Entity) -> None:
        self.answered = 0
        """Parents that have answered."""
        self._entity = entity
        self._refused: list[tuple[Parent, AadAssetsError]] = []
        self._costly = 0
        self._in_a_row = 0
        self._throttled = 0

    def __len__(self) -> int:
        return len(self._refused)

    def add(self, parent: Parent, error: AadAssetsError) -> None:
        """Add a parent that Graph refuses with `error`, whatever is tried."""
        self._refused.append((parent, error))

    def count_answer(self) -> None:
        """Count a parent that has answered."""
        self.answered += 1
        self._in_a_row = 0

    def count_costly(self, error: AadAssetsError) -> None:
        """Count a parent that took all retries. Raises `error` if this is no matter of single parents any more."""
        if not isinstance(error, _COSTLY):
            return
        self._costly += 1
        self._in_a_row += 1
        self._throttled += isinstance(error, GraphUnavailable) and error.response.status == 429
        too_many = self._costly > max(ENOUGH, self.answered) or self._in_a_row > _MAX_IN_A_ROW
        if too_many or self._throttled > _MAX_THROTTLED:
            raise error

    @property
    def is_outage(self) -> bool:
        """Return whether so many retries were in vain that further parents get fewer."""
        return self._costly >= ENOUGH

    def found(self) -> tuple[RefusedParent, ...]:
        """Return the refused parents, each with Graph's last answer."""
        return tuple(RefusedParent(parent.key, self._response(parent, error)) for parent, error in self._refused)

    def most_telling(self) -> AadAssetsError:
        """Return the error that a read ends in if no parent answered.

        A missing licence or permission is what is wrong only if nothing else is. Of other errors the most frequent counts.
        """
        errors = [error for _, error in self._refused]
        for excluded in ((LicenceMissing, PermissionMissing), (LicenceMissing,), ()):
            if others := [error for error in errors if not isinstance(error, excluded)]:
                ((kind, _),) = Counter(map(type, others)).most_common(1)
                return next(error for error in others if type(error) is kind)
        raise AssertionError("no parent is refused")

    def _response(self, parent: Parent, error: AadAssetsError) -> ErrorResponse:
        if isinstance(error, GraphError):
            return error.response
        request = f"GET {fill_path(self._entity.versioned_path, parent.key)}"
        return ErrorResponse(200, type(error).__name__, str(error), "", request)
