"""Reads the YAML tables of the demo tenant."""

from importlib.resources import files
from typing import Any

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def table(package: str, name: str) -> Any:
    """Return the content of `<name>.yaml` in a package."""
    with files(package).joinpath(f"{name}.yaml").open("rb") as stream:
        return yaml.load(stream, _LOADER)
