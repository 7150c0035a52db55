"""`aad-assets metadata`: write the file that selects entities and columns, and find out whether it is still right.

Not here: what such a file may say (`aad_assets.metadata`), the requests to the tenant (`aad_assets.graph.probing`).
"""

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from aad_assets.catalog import Entity
from aad_assets.catalog.extensions import with_extensions
from aad_assets.commands import Subparsers
from aad_assets.commands.environment import settings
from aad_assets.commands.probing import in_words, probe
from aad_assets.errors import ConfigurationError
from aad_assets.graph.probing.findings import Report, Status
from aad_assets.metadata import EXTENSION_PREFIX, Choice, Metadata, apply, export, read

_FEW = 10
"""Names that are listed before the rest is counted."""


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
        description="Write a file with every entity and column, as AAD_CONNECTION_METADATA has them or by default.",
    )
    writing.add_argument("--output", type=Path, metavar="FILE", help="a new file (default: standard output)")
    writing.set_defaults(function=_export)
    checking = commands.add_parser(
        "check",
        help="find mistakes in the file, and what is new or gone in the tenant",
        description="Find mistakes in the file (then the exit code is 1), and what is new or gone in the tenant.",
    )
    checking.add_argument("file", nargs="?", type=Path, metavar="FILE", help="default: AAD_CONNECTION_METADATA")
    checking.add_argument("--offline", action="store_true", help="the file alone: ask the tenant nothing")
    checking.set_defaults(function=_check)


def _export(options: argparse.Namespace) -> int:
    named = settings().connection_metadata
    # A file that is named and not yet there is what people are about to write.
    text = export(apply(read(named) if named and Path(named).exists() else {}))
    if options.output is None:
        sys.stdout.write(text)
        return 0
    try:
        with open(options.output, "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise ConfigurationError(f"{options.output} is there already: name a new file, or remove it first.") from None
    except OSError as error:
        raise ConfigurationError(f"{options.output} cannot be written: {error.strerror}.") from None
    print(f"Written. Edit it, and set AAD_CONNECTION_METADATA={options.output}")
    return 0


def _check(options: argparse.Namespace) -> int:
    chosen = settings()
    path = options.file or chosen.connection_metadata
    if not path:
        raise ConfigurationError("There is no file to check: name one, or set AAD_CONNECTION_METADATA.")
    metadata = read(path)
    entities = apply(metadata)
    on = [entity for entity in entities if entity.on]
    columns = sum(len(entity.disabled_columns) for entity in on)
    print(f"{path} is valid: {len(on)} of {len(entities)} entities are on, and {columns} of their columns are off.")
    told = [*_unnamed(metadata, entities)]
    if not options.offline:
        told += _differences(metadata, probe(chosen.connection, on, sample=True))
        told = told or ["The tenant has nothing new, and nothing is gone."]
    for line in told:
        print(line)
    return 0


def _unnamed(metadata: Metadata, entities: Sequence[Entity]) -> Iterator[str]:
    """What a later release than the file's has brought, or what its author left out."""
    others = [entity.table for entity in entities if entity.table not in metadata]
    if others:
        yield f"Not named, hence as by default: {_some(others)}."
    for entity in entities:
        choice = metadata.get(entity.table, Choice())
        names = [column.name for column in entity.columns if column.name not in choice.columns]
        if entity.on and choice.columns and names:
            yield f"{entity.table}: columns that are not named, hence on: {_some(names)}."


def _some(names: Sequence[str]) -> str:
    """A short file leaves most out, and that is no news; of a file with everything, a release adds a few."""
    return ", ".join(names) if len(names) <= _FEW else f"{', '.join(names[:_FEW])} and {len(names) - _FEW} more"


def _differences(metadata: Metadata, report: Report) -> Iterator[str]:
    """Between the file, the catalogue and the tenant."""
    for finding in report.findings:
        entity = finding.entity
        if report.extensions is not None and entity.extensible:
            yield from _extensions(entity, metadata.get(entity.table, Choice()), report)
        if finding.undeclared:
            kept = "not asked for" if entity.needs_select else "kept in _extra"
            yield f"{entity.table}: Graph sends what is not declared ({kept}): {', '.join(finding.undeclared)}."
        if finding.rejected:
            yield f"{entity.table}: Graph refuses columns: {', '.join(finding.rejected)}. Turn them off."
        if finding.status is not Status.READABLE:
            yield f"{entity.table}: {in_words(finding)}."


def _extensions(entity: Entity, choice: Choice, report: Report) -> Iterator[str]:
    own = {column.name for column in entity.all_columns if not column.name.startswith(EXTENSION_PREFIX)}
    there = {column.name for column in with_extensions(entity, report.extensions or ()).all_columns} - own
    named = {name for name in choice.columns if name.startswith(EXTENSION_PREFIX)}
    if gone := _without(named, there):
        yield f"{entity.table}: extension properties that the tenant does not have: {', '.join(gone)}. Remove the lines."
    if new := _without(there, named):
        yield f"{entity.table}: extension properties that are not named, hence on: {', '.join(new)}."


def _without(names: Iterable[str], others: Iterable[str]) -> list[str]:
    """Which `names` the others lack, whatever the case."""
    lowered = {name.lower() for name in others}
    return sorted(name for name in names if name.lower() not in lowered)
