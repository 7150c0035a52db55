"""The parser of the file, which reports every mistake at once, each with its line and how to fix it."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

import yaml

from aad_assets.catalog import CATALOG, Entity, Shape
from aad_assets.catalog.entity import GATES, RELOAD_MODES
from aad_assets.catalog.enums import Protection
from aad_assets.catalog.types import holds_text
from aad_assets.errors import ConfigurationError
from aad_assets.metadata.choices import EXTENSION_PREFIX, Choice, Metadata, apply
from aad_assets.metadata.required_columns import required_columns

_BOOLEAN = "tag:yaml.org,2002:bool"
_NULL = "tag:yaml.org,2002:null"
_MERGE = "tag:yaml.org,2002:merge"
_NUMBERS = {"tag:yaml.org,2002:float", "tag:yaml.org,2002:int"}
_ON = {"on", "true", "yes"}
_SETTINGS = ("on", "key", "reload_mode", "history", "volatile", "gates", "columns")


def read(path: str | Path) -> Metadata:
    """Return the choices in the file at `path`. Raises ConfigurationError, listing every mistake in the file."""
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ConfigurationError(
            f"The connection metadata {path} cannot be read ({error.strerror}). Set AAD_CONNECTION_METADATA to a file that "
            "`aad-assets metadata export --output FILE` wrote, or unset it."
        ) from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"The connection metadata {path} is not valid UTF-8. Save it as UTF-8 text.") from None
    return parse(text, str(path))


def parse(text: str, name: str = "file") -> Metadata:
    """Return the choices in `text`, the content of the file `name`. Raises ConfigurationError, listing every mistake."""
    parser = _Parser()
    metadata = parser.parse(text)
    if parser.problems:
        lines = [f"line {line}: {problem}" for line, problem in sorted(parser.problems)]
        raise ConfigurationError("\n  ".join([f"The connection metadata {name} cannot be used:", *lines]))
    return metadata


class _Parser:
    """A reader of YAML nodes instead of values, because nodes know their lines, and the name `on` is not yet a boolean."""

    def __init__(self) -> None:
        self.problems: list[tuple[int, str]] = []
        """Line and problem, which is a sentence that ends with how to fix it."""
        self._lines_off: dict[tuple[str, str], int] = {}
        """The line that turns a column off, by table and column."""
        self._lines_protected: dict[tuple[str, str], int] = {}

    def parse(self, text: str) -> Metadata:
        """Return the choices in `text`, and add its mistakes to `problems`."""
        metadata: dict[str, Choice] = {}
        for name, key, value in self._members(self._root(text), "the file"):
            if name != "entities":
                self._report_unknown(key, name, ["entities"], f"the file has no setting {name!r}.")
                continue
            for table, entity_key, choice in self._members(value, "entities"):
                if table in CATALOG:
                    metadata[table] = self._choice(CATALOG[table], choice)
                else:
                    self._report_unknown(entity_key, table, CATALOG, f"there is no entity {table!r}.")
        entities = apply(metadata)
        if not any(entity.on for entity in entities):
            self.problems.append((1, "every entity is off. Turn on at least one."))
        for required in required_columns(entities):
            if line := self._lines_off.get((required.table, required.column)):
                self.problems.append((line, required.problem))
            if line := self._lines_protected.get((required.table, required.column)):
                self.problems.append((line, required.protection_problem))
        return metadata

    def _root(self, text: str) -> yaml.Node | None:
        try:
            root: yaml.Node | None = yaml.compose(text, yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            cause = error.problem or error.context
            self.problems.append((mark.line + 1 if mark else 1, f"the file is not valid YAML ({cause}). Correct this line."))
            return None
        except yaml.reader.ReaderError as error:
            line = text.count("\n", 0, error.position) + 1
            self.problems.append((line, f"YAML does not allow a character in this line ({error.reason}). Remove it."))
            return None
        except RecursionError:
            self.problems.append((1, "the file is nested too deeply. Indent it as `aad-assets metadata export` does."))
            return None
        return root

    def _choice(self, entity: Entity, node: yaml.Node) -> Choice:
        """Parse `users: off`, or the lines below `users:`."""
        if isinstance(node, yaml.ScalarNode) and node.tag != _NULL:
            return Choice(self._flag(node, entity.table))
        choice = Choice()
        for name, key, value in self._members(node, entity.table):
            match name:
                case "on":
                    choice = replace(choice, on=self._flag(value, f"{entity.table}.on"))
                case "key":
                    self._check_key(entity, value)
                case "columns":
                    columns, protected = self._columns(entity, value)
                    choice = replace(choice, columns=columns, protected=protected)
                case "reload_mode":
                    choice = replace(choice, reload_mode=self._reload_mode(entity, key, value))
                case "history":
                    choice = replace(choice, history=self._flag(value, f"{entity.table}.history"))
                case "volatile":
                    choice = replace(choice, volatile=self._volatile(entity, value))
                case "gates":
                    choice = replace(choice, gates=tuple(self._gates(entity, value)))
                case _:
                    self._report_unknown(key, name, _SETTINGS, f"{entity.table} has no setting {name!r}.")
        return choice

    def _reload_mode(self, entity: Entity, key: yaml.Node, node: yaml.Node) -> str | None:
        if entity.shape is Shape.LOG:
            self._report(key, f"{entity.table} is a log, and logs are always merged. Remove the line.")
        elif isinstance(node, yaml.ScalarNode) and node.value in RELOAD_MODES:
            return str(node.value)
        else:
            self._report(node, f"`{entity.table}.reload_mode` must be one of {', '.join(RELOAD_MODES)}.")
        return None

    def _volatile(self, entity: Entity, node: yaml.Node) -> frozenset[str]:
        known = [column.name for column in entity.all_columns if column.name not in entity.key]
        if not isinstance(node, yaml.SequenceNode) or not all(isinstance(item, yaml.ScalarNode) for item in node.value):
            self._report(node, f"`{entity.table}.volatile` must be a list of columns. Write `volatile: [column, …]`.")
            return frozenset()
        for item in node.value:
            if item.value not in known and not _may_be_extension(entity, item.value):
                problem = f"{entity.table} has no column {item.value!r} that can be volatile."
                self._report_unknown(item, item.value, known, problem)
        return frozenset(item.value for item in node.value)

    def _gates(self, entity: Entity, node: yaml.Node) -> Iterator[tuple[str, float]]:
        for name, key, value in self._members(node, f"{entity.table}.gates"):
            if name not in GATES:
                problem = f"{entity.table} has no gate {name!r} with a threshold. The gates are {', '.join(GATES)}."
                self._report_unknown(key, name, GATES, problem)
            elif name == "refused" and entity.shape is not Shape.CHILDREN:
                self._report(
                    key, f"{entity.table} is not read for each row of a parent, so none is refused. Remove the line."
                )
            elif (share := _share(value)) is None:
                self._report(value, f"`{entity.table}.gates.{name}` must be a share from 0 to 1, such as 0.25.")
            else:
                yield name, share

    def _columns(self, entity: Entity, node: yaml.Node) -> tuple[dict[str, bool], tuple[tuple[str, Protection], ...]]:
        known = {column.name: column.type for column in entity.all_columns}
        columns: dict[str, bool] = {}
        protected: list[tuple[str, Protection]] = []
        for name, key, value in self._members(node, f"{entity.table}.columns"):
            protection = _protection(value)
            column = name.partition(".")[0] if protection else name
            if column not in known and not _may_be_extension(entity, column):
                self._report_unknown(key, name, known, f"{entity.table} has no column {name!r}.")
            elif protection:
                if column in known and not holds_text(known[column], name.split(".")[1:]):
                    problem = f"{entity.table}.{name} holds no text, so it cannot be protected by {protection}."
                    self._report(key, f"{problem} Name a text in it, such as initiatedBy.user.ipAddress, or turn it off.")
                columns[column] = True
                protected.append((name, protection))
                self._lines_protected[entity.table, column] = _line(key)
            elif (on := self._flag(value, f"{entity.table}.columns.{name}")) is not None:
                columns[name] = on
                if not on:
                    self._lines_off[entity.table, name] = _line(key)
        return columns, tuple(protected)

    def _check_key(self, entity: Entity, node: yaml.Node) -> None:
        items = node.value if isinstance(node, yaml.SequenceNode) else []
        if [item.value for item in items] != list(entity.key):
            key = f"[{', '.join(entity.key)}]"
            problem = f"the key of {entity.table} is {key} and cannot be changed. Write `key: {key}`, or remove the line."
            self._report(node, problem)

    def _flag(self, node: yaml.Node, name: str) -> bool | None:
        if isinstance(node, yaml.ScalarNode) and node.tag == _BOOLEAN:
            return node.value.lower() in _ON
        also = f", or one of {', '.join(Protection)}" if ".columns." in name else ""
        self._report(node, f"`{name}` must be `on` or `off`{also}.")
        return None

    def _members(self, node: yaml.Node | None, name: str) -> Iterator[tuple[str, yaml.Node, yaml.Node]]:
        """Yield the name, the name's node and the value's node of each member of the mapping `node`, called `name`."""
        if node is None or (isinstance(node, yaml.ScalarNode) and node.tag == _NULL):
            return
        if not isinstance(node, yaml.MappingNode):
            self._report(node, f"{name} must consist of lines `name: value` with the same indentation.")
            return
        lines: dict[str, int] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._report(key, f"{name} contains a key that is not a name. Remove it.")
            elif key.tag == _MERGE:
                self._report(key, f"{name} uses `<<`, which is not supported. Write the lines out in its place.")
            elif key.value in lines:
                self._report(key, f"{key.value} appears twice, first in line {lines[key.value]}. Remove one of them.")
            else:
                lines[key.value] = _line(key)
                yield key.value, key, value

    def _report_unknown(self, node: yaml.Node, name: str, known: Iterable[str], problem: str) -> None:
        by_lower_case = {each.lower(): each for each in known}
        close = get_close_matches(name.lower(), by_lower_case, n=1)
        fix = f"Did you mean {by_lower_case[close[0]]}? Correct or remove the line." if close else "Remove the line."
        self._report(node, f"{problem} {fix}")

    def _report(self, node: yaml.Node, problem: str) -> None:
        self.problems.append((_line(node), problem))


def _protection(node: yaml.Node) -> Protection | None:
    """Return the protection that a value names; None if it is another value."""
    return Protection(node.value) if isinstance(node, yaml.ScalarNode) and node.value in set(Protection) else None


def _may_be_extension(entity: Entity, name: str) -> bool:
    """Return whether `name` can be a directory extension property of the entity."""
    return entity.extensible and name.startswith(EXTENSION_PREFIX)


def _share(node: yaml.Node) -> float | None:
    """Return the number of a scalar node if it is from 0 to 1."""
    if not isinstance(node, yaml.ScalarNode) or node.tag not in _NUMBERS:
        return None
    try:
        value = float(node.value)
    except ValueError:
        return None
    return value if 0 <= value <= 1 else None


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
