"""Compare the catalogue with the files that Microsoft publishes: python -m aad_assets.catalog.conform.

It prints a line for each difference. The exit code is 0 if there are none, 1 if there are some, and 2 if a file cannot be
read. docs/conformance.md says where the files are, and what is compared.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar
from xml.etree.ElementTree import ParseError

from aad_assets.catalog import ENTITIES, Entity
from aad_assets.catalog.conform.csdl import Csdl
from aad_assets.catalog.conform.declarations import check_declaration, check_version
from aad_assets.catalog.conform.differences import Difference
from aad_assets.catalog.conform.exemptions import EXEMPTIONS, Exemption, apply_exemptions
from aad_assets.catalog.conform.permissions import Permissions, check_permissions
from aad_assets.catalog.conform.properties import Content, check_properties
from aad_assets.catalog.enums import Version
from aad_assets.catalog.types import read_schema
from aad_assets.wording import counted

_File = TypeVar("_File")


class UnreadableFile(Exception):
    """A file that cannot be opened, or that is not what it should be."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the differences and return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        metadata = {Version.V1: _read(Csdl, options.v1), Version.BETA: _read(Csdl, options.beta)}
        permissions = _read(Permissions, options.permissions)
    except UnreadableFile as error:
        print(error, file=sys.stderr)
        return 2
    differences = find_differences(ENTITIES, metadata, permissions, read_schema(), EXEMPTIONS)
    for difference in differences:
        print(difference)
    print(f"{counted(len(differences), 'difference')} in {counted(len(ENTITIES), 'table')}.", file=sys.stderr)
    return 1 if differences else 0


def _read(reader: Callable[[Path], _File], path: Path) -> _File:
    """Return what `reader` makes of the file. Raises UnreadableFile."""
    try:
        return reader(path)
    except (OSError, ParseError, ValueError) as error:
        raise UnreadableFile(f"Cannot read {path}: {error}. Download the file again (docs/conformance.md).") from error


def find_differences(
    entities: Iterable[Entity],
    metadata: dict[Version, Csdl],
    permissions: Permissions,
    schema: dict[str, Content],
    exemptions: Iterable[Exemption],
) -> list[Difference]:
    """Return the differences between the declared entities with their types and Microsoft's files, in order."""
    found: list[Difference] = []
    bases: dict[Version, dict[str, str]] = {version: {} for version in metadata}
    for entity in entities:
        found += check_declaration(entity, metadata[entity.version])
        found += check_version(entity, metadata[Version.V1])
        found += check_permissions(entity, permissions)
        bases[entity.version] |= dict.fromkeys(entity.subtypes, entity.type)
    for version, csdl in metadata.items():
        found += check_properties(version, schema[version], csdl, bases[version])
    return sorted(apply_exemptions(found, exemptions))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m aad_assets.catalog.conform",
        description="Compare the catalogue's tables with the files that Microsoft publishes about Graph.",
    )
    parser.add_argument("v1", type=Path, metavar="V1.CSDL", help="metadata of Graph v1.0")
    parser.add_argument("beta", type=Path, metavar="BETA.CSDL", help="metadata of Graph beta")
    parser.add_argument("permissions", type=Path, metavar="PERMISSIONS.JSON", help="the permissions that requests accept")
    return parser


if __name__ == "__main__":
    sys.exit(main())
