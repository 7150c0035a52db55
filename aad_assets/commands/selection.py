"""Tables and views by their names, checked against those that the connection has turned on."""

import argparse
import difflib
from collections.abc import Iterable, Sequence

from aad_assets.catalog import CATALOG, Group
from aad_assets.catalog.views import VIEWS
from aad_assets.commands.environment import configured_entities
from aad_assets.errors import ConfigurationError
from aad_assets.settings import Settings

_MOST = 3
"""Similar names that a message proposes."""


class UnknownName(ConfigurationError):
    """A name that selects nothing. The text says which, and proposes others."""


def add_selection(parser: argparse.ArgumentParser, everything: str) -> None:
    """Add the arguments that select tables. `everything` describes `--all`."""
    parser.add_argument("tables", nargs="*", metavar="TABLE", help="a table or view, such as users")
    groups = [group.value for group in Group]
    parser.add_argument(
        "--group", action="append", default=[], metavar="GROUP", help=f"a group of the asset graph: {', '.join(groups)}"
    )
    parser.add_argument("--all", action="store_true", help=everything)


def selected(settings: Settings, tables: Sequence[str], groups: Sequence[str], *, everything: bool) -> list[str]:
    """Return the names of the tables and views, in the order of the catalogue.

    Raises UnknownName, also if none is selected.
    """
    groups_of = {entity.table: entity.group.value for entity in configured_entities(settings) if entity.on}
    groups_of |= {view.name: view.group.value for view in VIEWS if view.sources[0].table in groups_of}
    for name in tables:
        if name in CATALOG and name not in groups_of:
            raise UnknownName(
                f"the table {name} is turned off. Turn it on in the connection metadata (AAD_CONNECTION_METADATA)."
            )
        _check(name, groups_of, "table or view")
    for name in groups:
        _check(name, sorted(set(groups_of.values())), "group")
    if everything and (tables or groups):
        raise UnknownName("--all selects everything. Leave out the other names, or --all.")
    names = [name for name, group in groups_of.items() if everything or name in tables or group in groups]
    if not names:
        raise UnknownName("nothing is selected. Name tables, --group or --all.")
    return names


def _check(name: str, known: Sequence[str] | dict[str, str], kind: str) -> None:
    if name not in known:
        hint = similar_names(name, known) or "docs/tables lists the names."
        raise UnknownName(f"there is no {kind} {name!r}. {hint}")


def similar_names(name: str, known: Iterable[str]) -> str:
    """Return a question that proposes similar names; empty if there are none."""
    similar = difflib.get_close_matches(name, list(known), _MOST)
    return f"Did you mean {' or '.join(similar)}?" if similar else ""
