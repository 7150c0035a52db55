"""Casts: reads of children of one type, which the plain path omits, and what a tenant makes of them.

They are additions: where Graph rejects one for every parent, the children of the plain path are published without it.
B2C tenants are known to reject `ConsistencyLevel`, with which casts are requested first.
"""

import re
from dataclasses import dataclass

from aad_assets.catalog import Entity
from aad_assets.errors import AadAssetsError, GraphError, LicenceMissing, NotFound, PermissionMissing, RequestRejected

REJECTIONS = (LicenceMissing, NotFound, PermissionMissing, RequestRejected)
"""Errors with which Graph rejects a cast."""

_ENOUGH = 60
"""Parents for which a cast is rejected, and answered for none, until it is requested no more."""


@dataclass
class Cast:
    """One cast: whether Graph has answered it, and in which form."""

    entity: Entity
    name: str
    answered: bool = False
    """Graph has answered it for at least one parent."""
    answered_advanced: bool = False
    """Graph has answered it with `$count=true` and ConsistencyLevel: eventual."""
    rejected: int = 0
    """Parents for which Graph has rejected it."""
    error: GraphError | None = None
    """The first rejection."""
    given_up: bool = False

    @property
    def advanced(self) -> bool:
        """Return whether it is requested with `$count=true` and ConsistencyLevel: eventual."""
        return self.answered_advanced or not self.answered

    def count_answer(self, *, advanced: bool) -> None:
        """Note that Graph has answered this cast for a parent."""
        self.answered = True
        self.answered_advanced |= advanced

    def count_rejection(self, error: AadAssetsError) -> None:
        """Count a parent for which Graph rejects this cast. Errors of another kind do not count."""
        if isinstance(error, REJECTIONS):
            self.rejected += 1
            self.error = self.error or error

    @property
    def is_rejected(self) -> bool:
        """Return whether Graph has rejected this cast, and not answered it for any parent."""
        return self.rejected > 0 and not self.answered

    @property
    def is_hopeless(self) -> bool:
        """Return whether enough parents have shown that Graph rejects this cast for all of them."""
        return self.is_rejected and self.rejected >= _ENOUGH

    def may_be_simpler(self, error: AadAssetsError) -> bool:
        """Return whether Graph may answer a request that ended in `error` without the options of advanced queries."""
        return (
            not (self.answered_advanced or self.given_up)
            and isinstance(error, REJECTIONS)
            and not isinstance(error, NotFound)
        )

    @property
    def problem(self) -> str:
        """Return what the table lacks without this cast, as a sentence."""
        types = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", f"{self.name}s").lower().capitalize()
        path = f"/{self.entity.path.rpartition('/')[2]}/microsoft.graph.{self.name}"
        answer = f" ({self.error.response.status} {self.error.response.code})" if self.error else ""
        return (
            f"{types} among the {self.entity.edge or 'row'}s are missing because Graph rejects {path}{answer}. "
            "Their stored rows are unchanged."
        )
