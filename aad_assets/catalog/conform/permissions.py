"""The permissions that Graph accepts for a request, by Microsoft's permissions data.

The data is `permissions/new/permissions.json` of microsoftgraph/microsoft-graph-devx-content, in the format of the kibali
project: permission → path sets → methods, schemes and paths. A path's value lists the schemes for which the permission is the
least privileged (`least=DelegatedWork,Application`). The data does not tell the versions of Graph apart.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aad_assets.catalog.conform.differences import Check, Difference
from aad_assets.catalog.entity import Entity

APPLICATION, DELEGATED = "Application", "DelegatedWork"


class Permissions:
    """The permissions that each request accepts."""

    def __init__(self, path: Path) -> None:
        """Read the file. Raises OSError if it cannot be read, and ValueError if it is not permissions data."""
        self._accepted: dict[tuple[str, str, str], dict[str, bool]] = {}
        try:
            permissions = json.loads(path.read_text("utf-8"))["permissions"]
            for name, permission in permissions.items():
                for path_set in permission["pathSets"]:
                    self._add(name, path_set)
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError("it does not have the format of permissions.json") from error
        self.names = frozenset(permissions)

    def _add(self, name: str, path_set: dict[str, Any]) -> None:
        for path, remarks in path_set["paths"].items():
            least = _least(remarks or "")
            for method in path_set["methods"]:
                for scheme in path_set["schemeKeys"]:
                    accepted = self._accepted.setdefault((method, scheme, _normal(path)), {})
                    accepted[name] = accepted.get(name, False) or scheme in least

    def accepted(self, method: str, path: str, scheme: str) -> dict[str, bool]:
        """Return the permissions that a request accepts, each with whether it is a least privileged one."""
        return self._accepted.get((method, scheme, _normal(path)), {})


def _normal(path: str) -> str:
    """Return a path without what does not matter: case, the names of keys, and the namespace's long name in casts."""
    return re.sub(r"\{[^}]*\}", "{}", path.lower().rstrip("/")).replace("/microsoft.graph.", "/graph.")


def _least(remarks: str) -> set[str]:
    """Return the schemes in remarks on a path such as `least=DelegatedWork,Application;AlsoRequires=User.Read.All`."""
    found = [part.removeprefix("least=") for part in remarks.split(";") if part.startswith("least=")]
    return {scheme.strip() for schemes in found for scheme in schemes.split(",")}


def _least_to_read(accepted: dict[str, bool]) -> list[str]:
    """Return the least privileged permissions among `accepted`. One that also allows writing is marked where it suits an app
    that writes anyway, and is not less privileged than one that allows reading alone."""
    return sorted(name for name, is_least in accepted.items() if is_least and ".ReadWrite." not in name)


def check_permissions(entity: Entity, permissions: Permissions) -> Iterator[Difference]:
    """Yield the differences between the permissions of an entity and those that its request accepts."""
    scheme = APPLICATION if entity.app_only else DELEGATED
    method, _, _ = entity.resource.partition(" ")
    accepted = permissions.accepted(method, entity.path, scheme)
    for name in entity.permissions:
        if name not in accepted:
            message = f"{method} {entity.path} does not accept {name} ({scheme})."
            yield Difference(entity.table, Check.PERMISSION, name, message)
        elif not accepted[name] and (least := _least_to_read(accepted)):
            message = f"{' or '.join(least)} is less privileged than {name} for {method} {entity.path} ({scheme})."
            yield Difference(entity.table, Check.LEAST, name, message)
    for property_, names in entity.also_needs:
        for name in names:
            if name not in permissions.names:
                yield Difference(entity.table, Check.PERMISSION, name, f"`{property_}` needs {name}, which does not exist.")
