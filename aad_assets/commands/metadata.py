"""`aad-assets metadata`: write the file that selects entities and columns, and check it against the tenant.

See also: `aad_assets.metadata`, which defines the file.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from aad_assets.catalog import Entity
from aad_assets.catalog.extensions import with_extensions
from aad_assets.commands import Subparsers
from aad_assets.commands.environment import read_settings
from aad_assets.commands.probing import describe_finding, probe
from aad_assets.errors import ConfigurationError
from aad_assets.graph.probing.findings import Report, Status
from aad_assets.metadata import EXTENSION_PREFIX, Choice, Metadata, apply, export, read

_MAX_NAMES = 10
"""Names that a line lists; the rest is counted."""


def add(subparsers: Subparsers) -> None:
    """Add the command to the parser."""
    metadata = subparsers.add_parser(
        "metadata",
        help="write or check the file that selects entities and columns (AAD_CONNECTION_METADATA)",
        description="Write or check the connection metadata: the file that selects entities and columns.",
    )
    commands = metadata.add_subparsers(required=True, metavar="COMMAND")
    writing = commands.add_parser(
        "export",
        help="write a file with every entity and column",
        description="Write a file with every entity and column: as in AAD_CONNECTION_METADATA, otherwise the defaults.",
    )
    writing.add_argument("--output", type=Path, metavar="FILE", help="file to create (default: standard output)")
    writing.set_defaults(function=_export)
    checking = commands.add_parser(
        "check",
        help="find mistakes in the file, and differences from the tenant",
        description="Find mistakes in the file, and what is new or gone in the tenant. "
        "The exit code is 1 if the file has mistakes.",
    )
    checking.add_argument(
        "file", nargs="?", type=Path, metavar="FILE", help="file to check (default: AAD_CONNECTION_METADATA)"
    )
    checking.add_argument("--offline", action="store_true", help="check only the file, without any request")
    checking.set_defaults(function=_check)


def _export(options: argparse.Namespace) -> int:
    path = read_settings().connection_metadata
    # A file that does not exist yet is the one to write.
    text = export(apply(read(path) if path and Path(path).exists() else {}))
    if options.output is None:
        sys.stdout.write(text)
        return 0
    try:
        with open(options.output, "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise ConfigurationError(f"{options.output} already exists. Name a new file, or delete this one first.") from None
    except OSError as error:
        raise ConfigurationError(f"{options.output} cannot be written: {error.strerror}. Name another file.") from None
    print(f"Wrote {options.output}. Edit it, then set AAD_CONNECTION_METADATA={options.output}")
    return 0


def _check(options: argparse.Namespace) -> int:
    settings = read_settings()
    path = options.file or settings.connection_metadata
    if not path:
        raise ConfigurationError("There is no file to check. Name one, or set AAD_CONNECTION_METADATA.")
    metadata = read(path)
    entities = apply(metadata)
    on = [entity for entity in entities if entity.on]
    columns = sum(len(entity.disabled_columns) for entity in on)
    print(f"{path} is valid: {len(on)} of {len(entities)} entities are on, and {columns} of their columns are off.")
    lines = [*_unnamed(metadata, entities)]
    if not options.offline:
        lines += _differences(metadata, probe(settings.connection, on, sample=True))
        lines = lines or ["The tenant has nothing new, and nothing is gone."]
    for line in lines:
        print(line)
    return 0


def _unnamed(metadata: Metadata, entities: Sequence[Entity]) -> Iterator[str]:
    """Report columns that the file does not name of entities whose columns it lists: added by a later release, or left out.

    Entities that it does not name are no news: a short file leaves out most of them on purpose.
    """
    for entity in entities:
        choice = metadata.get(entity.table, Choice())
        names = [column.name for column in entity.columns if column.name not in choice.columns]
        if entity.on and choice.columns and names:
            yield f"{entity.table}: columns that the file does not name are on: {_shorten(names)}."


def _shorten(names: Sequence[str]) -> str:
    """Return the first names and the number of the others: a short file leaves out most columns on purpose."""
    more = len(names) - _MAX_NAMES
    return ", ".join(names) if more <= 0 else f"{', '.join(names[:_MAX_NAMES])} and {more} more"


def _differences(metadata: Metadata, report: Report) -> Iterator[str]:
    """Report the differences between the file, the catalogue and the tenant."""
    for finding in report.findings:
        entity = finding.entity
        if report.extensions is not None and entity.extensible:
            yield from _extensions(entity, metadata.get(entity.table, Choice()), report)
        if finding.undeclared:
            kept = "not requested" if entity.needs_select else "kept in _extra"
            yield f"{entity.table}: Graph sends undeclared properties ({kept}): {', '.join(finding.undeclared)}."
        if finding.rejected:
            yield f"{entity.table}: Graph rejects columns: {', '.join(finding.rejected)}. Turn them off."
        for column, names in finding.empty_columns.items():
            yield f"{entity.table}: {column} stays empty without {' or '.join(names)}. Grant it, or turn the column off."
        if finding.status is not Status.READABLE:
            yield f"{entity.table}: {describe_finding(finding)}."


def _extensions(entity: Entity, choice: Choice, report: Report) -> Iterator[str]:
    """Report directory extension properties that only the file or only the tenant has."""
    own = {column.name for column in entity.all_columns if not column.name.startswith(EXTENSION_PREFIX)}
    extensions = report.extensions
    assert extensions is not None
    existing = {column.name for column in with_extensions(entity, extensions.found).all_columns} - own
    named = {name for name in choice.columns if name.startswith(EXTENSION_PREFIX)}
    if (gone := _without(named, existing)) and extensions.is_proof:
        yield f"{entity.table}: extension properties that the tenant does not have: {', '.join(gone)}. Delete the lines."
    if new := _without(existing, named):
        yield f"{entity.table}: extension properties that the file does not name are on: {', '.join(new)}."


def _without(names: Iterable[str], others: Iterable[str]) -> list[str]:
    """Return the `names` that are not in `others`, ignoring case."""
    lowered = {name.lower() for name in others}
    return sorted(name for name in names if name.lower() not in lowered)
