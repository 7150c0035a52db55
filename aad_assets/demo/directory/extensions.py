"""Directory extensions: properties that the tenant's apps have added to users, groups, applications, devices, organization.

Here stands which there are and what an object has in them; where they appear in a row is the generators' and rendering.py's.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from .chance import guid
from .context import Context
from .rendering import ABSENT, Listed, Object
from .well_known import APP_NAMES, EXTENSIONS, SHOWCASE


class Extension(NamedTuple):
    """One extension property. `value` gives what object number n has; None when it has nothing."""

    name: str
    type: str
    targets: tuple[str, ...]
    value: Callable[[int], Any]
    app: int = EXTENSIONS
    multiple: bool = False
    synced: bool = False


_CRITICALITY = ("low", "medium", "high")
_ALL = (
    Extension("employeeGrade", "String", ("User",), lambda n: f"G{n % 9 + 1}"),
    Extension("badgeNumber", "LargeInteger", ("User",), lambda n: 9_000_000_000 + n * 17 if n % 3 else None),
    Extension("officeDays", "Integer", ("User",), lambda n: n % 5 + 1 if n % 4 else None),
    Extension("isFieldWorker", "Boolean", ("User",), lambda n: n % 2 == 0 if n % 5 else None),
    Extension(
        "certifiedOn", "DateTime", ("User",), lambda n: None if n % 3 else f"20{15 + n % 10}-0{n % 9 + 1}-15T00:00:00Z"
    ),
    Extension(
        "languages", "String", ("User",), lambda n: ["de", "en", "fr"][: n % 3 + 1] if n % 4 > 1 else None, multiple=True
    ),
    Extension("hrDivision", "String", ("User",), lambda n: f"D-{n % 6}" if n % 2 else None, SHOWCASE, synced=True),
    Extension("costCentre", "Integer", ("Group", "Application"), lambda n: 4000 + n % 16 * 10 if n % 3 else None),
    Extension("dataClass", "String", ("Group",), lambda n: _CRITICALITY[n % 3] if n % 2 else None),
    Extension("reviewedOn", "DateTime", ("Application",), lambda n: f"2026-0{n % 9 + 1}-01T08:00:00Z" if n % 2 else None),
    Extension("criticality", "String", ("Application",), lambda n: _CRITICALITY[n % 3] if n % 4 else None, SHOWCASE),
    Extension("assetTag", "String", ("Device",), lambda n: f"IT-{n * 37 % 1000:03}" if n % 3 else None),
    Extension("isLoaner", "Boolean", ("Device",), lambda n: n % 7 == 0 if n % 2 else None),
    Extension("contractNumber", "String", ("Organization",), lambda n: f"EA-{n:06}"),
    Extension("fiscalYearStart", "Integer", ("Organization",), lambda n: n + 6),
)


class Extensions:
    """The tenant's directory extensions."""

    def __init__(self, context: Context) -> None:
        self._context = context
        apps = context.ids("appId")
        self._owners = {app: apps.guid(app).replace("-", "") for app in (EXTENSIONS, SHOWCASE)}
        self.kind = Listed("extensionProperty", self._list)

    def _name(self, each: Extension) -> str:
        return f"extension_{self._owners[each.app]}_{each.name}"

    def names(self, target: str) -> tuple[str, ...]:
        """The full names of the properties that objects of that kind can have."""
        return tuple(self._name(each) for each in _ALL if target in each.targets)

    def values(self, target: str, number: int) -> Object:
        """What one object has: only those that it fills."""
        found = {self._name(each): each.value(number) for each in _ALL if target in each.targets}
        return {name: value for name, value in found.items() if value is not None}

    def variant(self, target: str, number: int | None) -> Object:
        """The same for a facet: all names, ABSENT where there is nothing; None fills nothing."""
        filled = {} if number is None else self.values(target, number)
        return {name: filled.get(name, ABSENT) for name in self.names(target)}

    def _list(self) -> list[Object]:
        return [
            {
                "id": guid(self._context.seed, "extension property", each.name),
                "deletedDateTime": None,
                "appDisplayName": APP_NAMES[each.app],
                "dataType": each.type,
                "isMultiValued": each.multiple,
                "isSyncedFromOnPremises": each.synced,
                "name": self._name(each),
                "targetObjects": list(each.targets),
            }
            for each in _ALL
        ]
