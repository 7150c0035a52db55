"""The connection metadata: the YAML file that decides which entities and columns are read.

It is checked whole, and every mistake is told at once, with its line and the fix. Not here: what is done with an entity that
is off (no asset: `orchestration/build.py`) or with a column that is (neither asked for nor kept: `Entity.disabled_columns`).
"""

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path

import yaml

from aad_assets.catalog import CATALOG, ENTITIES, Entity, Shape
from aad_assets.catalog.entity import OPT_IN_COLUMNS, RELOAD_MODES
from aad_assets.errors import ConfigurationError

EXTENSION_PREFIX = "extension_"
"""How the names of directory extension properties begin: columns that a tenant has and the catalogue does not know."""

_BOOLEAN = "tag:yaml.org,2002:bool"
_NULL = "tag:yaml.org,2002:null"
_MERGE = "tag:yaml.org,2002:merge"
_ON = {"on", "true", "yes"}
_SETTINGS = ("on", "key", "reload_mode", "history", "volatile", "columns")


@dataclass(frozen=True)
class Choice:
    """What the file says of one entity."""

    on: bool | None = None
    """None: as the catalogue has it."""
    columns: Mapping[str, bool] = field(default_factory=dict)
    """On or off by name; a column that is not named is as in the catalogue."""
    reload_mode: str | None = None
    history: bool | None = None
    volatile: frozenset[str] | None = None
    """Columns whose difference is no change. None, of all three: as the catalogue has it."""


Metadata = Mapping[str, Choice]
"""By table; entities that are not named are as the catalogue has them."""


def apply(metadata: Metadata, entities: Iterable[Entity] = ENTITIES) -> tuple[Entity, ...]:
    """All `entities` as the metadata has them: `on` says whether each is read, `disabled_columns` which columns are not."""
    return tuple(_applied(entity, metadata.get(entity.table, Choice())) for entity in entities)


def _applied(entity: Entity, choice: Choice) -> Entity:
    off = entity.disabled_columns.difference(choice.columns) | {name for name, on in choice.columns.items() if not on}
    permissions = (
        *entity.permissions,
        *(OPT_IN_COLUMNS[name] for name in sorted(OPT_IN_COLUMNS.keys() & entity.disabled_columns - off)),
    )
    published = {name: getattr(choice, name) for name in ("on", "reload_mode", "history", "volatile")}
    chosen = {name: value for name, value in published.items() if value is not None}
    return replace(entity, disabled_columns=off, permissions=permissions, **chosen)


def read(path: str | Path) -> Metadata:
    """The file's choices. Raises ConfigurationError naming everything that is wrong with it."""
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ConfigurationError(
            f"The connection metadata {path} cannot be read ({error.strerror}): set AAD_CONNECTION_METADATA to a file that "
            "`aad-assets metadata export --output FILE` has written, or unset it."
        ) from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"The connection metadata {path} is not text in UTF-8: save it as such.") from None
    return parse(text, str(path))


def parse(text: str, name: str = "file") -> Metadata:
    """The choices in `text`, the content of the file `name`. Raises ConfigurationError naming everything that is wrong."""
    parser = _Parser()
    metadata = parser.parse(text)
    if parser.problems:
        told = [f"line {line}: {problem}." for line, problem in sorted(parser.problems)]
        raise ConfigurationError("\n  ".join([f"The connection metadata {name} cannot be used:", *told]))
    return metadata


class _Parser:
    """Reads nodes rather than values: they know their lines, and `on` as a name is not yet the boolean of YAML 1.1."""

    def __init__(self) -> None:
        self.problems: list[tuple[int, str]] = []
        self._lines: dict[tuple[str, str], int] = {}
        """Where a column is turned off."""

    def _root(self, text: str) -> yaml.Node | None:
        try:
            root: yaml.Node | None = yaml.compose(text, yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            self.problems.append((mark.line + 1 if mark else 1, f"this is not YAML ({error.problem or error.context})"))
            return None
        except yaml.reader.ReaderError as error:
            line = text.count("\n", 0, error.position) + 1
            self.problems.append((line, f"there is a character that YAML does not allow ({error.reason})"))
            return None
        except RecursionError:
            self.problems.append((1, "the file is nested too deeply: indent as `aad-assets metadata export` does"))
            return None
        return root

    def parse(self, text: str) -> Metadata:
        metadata: dict[str, Choice] = {}
        for name, key, value in self._members(self._root(text), "the file"):
            if name != "entities":
                self._unknown(key, name, ["entities"], "the file knows no", "setting")
                continue
            for table, entity_key, choice in self._members(value, "entities"):
                if table in CATALOG:
                    metadata[table] = self._choice(CATALOG[table], choice)
                else:
                    self._unknown(entity_key, table, CATALOG, "there is no", "entity")
        entities = apply(metadata)
        if not any(entity.on for entity in entities):
            self.problems.append((1, "every entity is off: turn on at least one"))
        for needed in _needed(entities):
            if off := self._lines.get((needed.table, needed.column)):
                self.problems.append((off, needed.told))
        return metadata

    def _choice(self, entity: Entity, node: yaml.Node) -> Choice:
        """`users: off`, or a mapping with `on`, `key` and `columns`."""
        if isinstance(node, yaml.ScalarNode) and node.tag != _NULL:
            return Choice(self._flag(node, entity.table))
        choice = Choice()
        for name, key, value in self._members(node, entity.table):
            match name:
                case "on":
                    choice = replace(choice, on=self._flag(value, f"on of {entity.table}"))
                case "key":
                    self._check_key(entity, value)
                case "columns":
                    choice = replace(choice, columns=self._columns(entity, value))
                case "reload_mode" if entity.shape is Shape.LOG:
                    self._problem(key, f"{entity.table} is a log, which is always merged: remove the line")
                case "reload_mode":
                    choice = replace(choice, reload_mode=self._reload_mode(value))
                case "history":
                    choice = replace(choice, history=self._flag(value, f"history of {entity.table}"))
                case "volatile":
                    choice = replace(choice, volatile=self._volatile(entity, value))
                case _:
                    self._unknown(key, name, _SETTINGS, f"{entity.table} knows no", "setting")
        return choice

    def _reload_mode(self, node: yaml.Node) -> str | None:
        if isinstance(node, yaml.ScalarNode) and node.value in RELOAD_MODES:
            return str(node.value)
        self._problem(node, f"a reload_mode is one of {', '.join(RELOAD_MODES)}: write one of them")
        return None

    def _volatile(self, entity: Entity, node: yaml.Node) -> frozenset[str]:
        known = [column.name for column in entity.all_columns if column.name not in entity.key]
        names = node.value if isinstance(node, yaml.SequenceNode) else []
        if not isinstance(node, yaml.SequenceNode) or not all(isinstance(item, yaml.ScalarNode) for item in names):
            self._problem(node, f"volatile of {entity.table} needs to be a list of columns: write `volatile: [column, …]`")
            return frozenset()
        for item in names:
            if item.value not in known and not (entity.extensible and item.value.startswith(EXTENSION_PREFIX)):
                self._unknown(item, item.value, known, f"{entity.table} has no", "column that can be volatile:")
        return frozenset(item.value for item in names)

    def _columns(self, entity: Entity, node: yaml.Node) -> dict[str, bool]:
        known = [column.name for column in entity.all_columns]
        columns: dict[str, bool] = {}
        for name, key, value in self._members(node, f"columns of {entity.table}"):
            if name not in known and not (entity.extensible and name.startswith(EXTENSION_PREFIX)):
                self._unknown(key, name, known, f"{entity.table} has no", "column")
            elif (on := self._flag(value, name)) is not None:
                columns[name] = on
                if not on:
                    self._lines[entity.table, name] = _line(key)
        return columns

    def _check_key(self, entity: Entity, node: yaml.Node) -> None:
        items = node.value if isinstance(node, yaml.SequenceNode) else []
        if [item.value for item in items] != list(entity.key):
            key = f"[{', '.join(entity.key)}]"
            self._problem(node, f"the key of {entity.table} is {key} and cannot be another: write `key: {key}`, or no key")

    def _flag(self, node: yaml.Node, of: str) -> bool | None:
        if isinstance(node, yaml.ScalarNode) and node.tag == _BOOLEAN:
            return node.value.lower() in _ON
        self._problem(node, f"{of} is neither on nor off: write `on` or `off`")
        return None

    def _members(self, node: yaml.Node | None, what: str) -> Iterator[tuple[str, yaml.Node, yaml.Node]]:
        """Name, its node and the value's node; nothing of what is empty."""
        if node is None or (isinstance(node, yaml.ScalarNode) and node.tag == _NULL):
            return
        if not isinstance(node, yaml.MappingNode):
            self._problem(node, f"{what} needs to be lines of `name: value`, indented alike")
            return
        lines: dict[str, int] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._problem(key, f"{what} has something other than a name before a colon: remove it")
            elif key.tag == _MERGE:
                self._problem(key, f"{what} cannot take lines from elsewhere by `<<`: write the lines out in its place")
            elif key.value in lines:
                self._problem(key, f"{key.value} is there twice, first in line {lines[key.value]}: remove one of them")
            else:
                lines[key.value] = _line(key)
                yield key.value, key, value

    def _unknown(self, node: yaml.Node, name: str, known: Iterable[str], subject: str, kind: str) -> None:
        in_small = {each.lower(): each for each in known}
        close = get_close_matches(name.lower(), in_small, n=1)
        fix = f"did you mean {in_small[close[0]]}? Mend or remove the line" if close else "remove the line"
        self._problem(node, f"{subject} {kind} {name!r}: {fix}")

    def _problem(self, node: yaml.Node, told: str) -> None:
        self.problems.append((_line(node), told))


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


@dataclass(frozen=True)
class _Needed:
    """A column that cannot be turned off, and why."""

    table: str
    column: str
    why: str
    fix: str = "turn it on"

    @property
    def told(self) -> str:
        return f"{self.table}.{self.column} cannot be off, since {self.why}: {self.fix}"


def _needed(entities: Sequence[Entity]) -> Iterator[_Needed]:
    """What the entities that are on cannot do without, each column once."""
    on = {entity.table: entity for entity in entities if entity.on}
    for entity in entities:
        for column in entity.key:
            yield _Needed(entity.table, column, f"it is of the key of {entity.table}")
    readers: dict[tuple[str, str], list[str]] = {}
    for entity in on.values():
        if entity.owner_column:
            yield _Needed(entity.table, entity.owner_column, "it tells which rows are this tenant's")
        if entity.time_property:
            yield _Needed(entity.table, entity.time_property, "the log is read by it")
        if entity.parent in on:
            where = [entity.parent_where[0]] if entity.parent_where else []
            for column in {*entity.parent_key, *where}.difference(on[entity.parent].key):
                readers.setdefault((entity.parent, column), []).append(entity.table)
    for (table, column), tables in readers.items():
        are, those = ("is", "that") if len(tables) == 1 else ("are", "those")
        yield _Needed(table, column, f"{' and '.join(tables)} {are} read by it", f"turn it on, or {those} off")


_HEAD = """\
# What aad_assets reads of the tenant. Set AAD_CONNECTION_METADATA to this file's path, and edit it:
#
#   on: false          the entity is not read and has no asset; its table stays as it is
#   mobilePhone: off   the column is neither asked for nor kept; values that were stored stay in the history alone
#   users: off         in place of the lines below `users:` does as well
#
#   reload_mode        compare, compare_keep_deleted (deleted rows stay, with _deleted_at), truncate, recreate
#   history: off       no versions and changes are kept, as of the logs by default
#   volatile           columns whose difference is no change and begins no version
#
# Entities that the file does not name are as by default, so that those of a new release appear by themselves; columns that it
# does not name are on, as the tenant's directory extension properties (extension_<app>_<name>) are, but for
# customSecurityAttributes, which needs the permission CustomSecAttributeAssignment.Read.All as well. So lines that say what
# holds anyway can be removed: a file of three lines is as good. `key` is there to be seen; it cannot be changed.
#
# `aad-assets metadata check` finds mistakes in it, and tells what is new or gone in the tenant.
# Every table and its columns: docs/tables/README.md.

entities:
"""


def export(entities: Iterable[Entity] = ENTITIES) -> str:
    """A file that says of `entities` what they are."""
    return _HEAD + "\n".join(_exported(entity) for entity in entities)


def _exported(entity: Entity) -> str:
    licence = f" Licence: {entity.licence}." if entity.licence else ""
    comment = f"{entity.description} Permission: {' and '.join(entity.permissions)}.{licence}"
    names = [column.name for column in entity.all_columns]
    names += sorted(entity.disabled_columns.difference(names))  # extension properties
    lines = [
        *textwrap.wrap(comment, 118, initial_indent="  # ", subsequent_indent="  # ", break_on_hyphens=False),
        f"  {entity.table}:",
        f"    on: {str(entity.on).lower()}",
        f"    key: [{', '.join(entity.key)}]",
        *_published(entity),
        "    columns:",
        *(f"      {name}: {'off' if name in entity.disabled_columns else 'on'}" for name in names),
    ]
    return "\n".join(lines) + "\n"


def _published(entity: Entity) -> list[str]:
    """How it is published; a log is always merged."""
    mode = [] if entity.shape is Shape.LOG else [f"    reload_mode: {entity.reload_mode}"]
    history = f"    history: {'on' if entity.history else 'off'}"
    return [*mode, history, f"    volatile: [{', '.join(sorted(entity.volatile))}]"]
