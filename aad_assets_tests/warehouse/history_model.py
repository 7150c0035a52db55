"""A model of a sequence of loads in plain dicts: the current rows, every version, every change.

Written without SQL and without the code under test. A row is a dict of canonical values: lists sorted, fields that are NULL
left out.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aad_assets.catalog.types import List, Scalar, Struct, Type
from aad_assets_tests.warehouse.support import Row

Shape = dict[str, Type]


@dataclass
class Version:
    key: str
    values: Row
    since: datetime
    change: str
    until: datetime | None = None


@dataclass
class Stored:
    """A row of the table."""

    values: Row
    loaded_at: datetime


@dataclass
class Model:
    shape: Shape | None = None
    rows: dict[str, Stored] = field(default_factory=dict)
    deleted: dict[str, tuple[Stored, datetime]] = field(default_factory=dict)
    """Rows that are kept as deleted, and when they were deleted."""
    versions: list[Version] = field(default_factory=list)
    changes: list[tuple[Any, ...]] = field(default_factory=list)
    has_history: bool = False
    loads: list[tuple[datetime, bool]] = field(default_factory=list)
    """When each load was published, and whether it kept history."""

    def load(
        self,
        at: datetime,
        mode: str,
        shape: Shape,
        read: dict[str, Row],
        *,
        rejected: tuple[str, ...] = (),
        volatile: tuple[str, ...] = (),
        refused: Collection[str] = (),
        history: bool = True,
    ) -> tuple[int, int, int]:
        """Apply one load, and return how many rows were inserted, updated and deleted. Rows of `refused` keys stay."""
        first = self.shape is None
        self.loads.append((at, history))
        before = len(self.rows)
        kept = self.kept(refused, read)
        if mode != "compare_keep_deleted":
            self.deleted.clear()
        if history and not self.has_history:
            self.has_history = True
            self.versions += [Version(key, dict(row.values), row.loaded_at, "insert") for key, row in self.rows.items()]
        replaces = mode in ("truncate", "recreate")
        if not history or replaces:
            self._close([version for version in self.open() if not (history and version.key in kept)], at)
        resumes = history and before > 0 and not self.open()
        self._reshape(shape, read, rejected)
        if first and before == 0:
            self.rows = {key: Stored(dict(row), at) for key, row in read.items()}
            counts, resumes = (len(read), 0, 0), True
        elif replaces:
            stay = {key: row for key, row in self.rows.items() if key in kept}
            self.rows = stay | {key: Stored(self._kept(key, rejected, mode) | row, at) for key, row in read.items()}
            counts, resumes = (len(read), 0, before - len(kept)), True
        else:
            counts = self._compare(
                at, mode, read, (*rejected, *volatile), rejected, kept, history=history, writes=history and not resumes
            )
        if history and resumes:
            current = {version.key for version in self.open()}
            self.versions += [
                Version(key, dict(row.values), at, "insert") for key, row in self.rows.items() if key not in current
            ]
        return counts

    def forget_column(self, name: str) -> None:
        """Remove the values of a column everywhere, and nothing else."""
        for values in self._everything():
            values.pop(name, None)
        self.changes = [change for change in self.changes if change[2] != name]

    def forget_person(self, person: str) -> None:
        """Remove the rows, versions and changes of a key, and the key from the values of others."""
        self.rows.pop(person, None)
        self.deleted.pop(person, None)
        self.versions = [version for version in self.versions if version.key != person]
        self.changes = [change for change in self.changes if change[0] != person]
        for values in self._everything():
            for name in list(values):
                set_value(values, name, canonical(without(values[name], person)))
        self.changes = [
            (
                key,
                change,
                name,
                *(old_or_new if name is None else canonical(without(old_or_new, person)) for old_or_new in both),
            )
            for key, change, name, *both in self.changes
        ]

    def _everything(self) -> list[Row]:
        """Return the values of all rows and versions, and the whole rows in changes."""
        whole = [values for _, _, name, *both in self.changes if name is None for values in both if values]
        return [*self._stored(), *(version.values for version in self.versions), *whole]

    def kept(self, refused: Collection[str], read: Collection[str]) -> set[str]:
        """Return the keys of the rows that stay as they are because Graph refused their parents."""
        return {key for key in self.rows if key in refused and key not in read}

    def open(self) -> list[Version]:
        return [version for version in self.versions if version.until is None]

    def as_of(self, moment: datetime) -> dict[str, Row]:
        return {
            version.key: version.values
            for version in self.versions
            if version.since <= moment and (version.until is None or version.until > moment)
        }

    def covers(self, moment: datetime) -> bool:
        """Return whether the last load up to `moment` kept history."""
        return ([False] + [history for at, history in self.loads if at <= moment])[-1]

    def casts(self, shape: Shape) -> bool:
        """Return whether every stored value can be cast to the types of `shape`, also those in history."""
        values = [*(row.values for row in self.rows.values()), *(version.values for version in self.versions)]
        values += [stored.values for stored, _ in self.deleted.values()]
        return all(
            cast(value[name], type_) is not None and str(cast(value[name], type_)) == str(value[name])
            for name, type_ in shape.items()
            if isinstance(type_, Scalar)
            for value in values
            if value.get(name) is not None
        )

    def _kept(self, key: str, rejected: tuple[str, ...], mode: str) -> Row:
        if key not in self.rows or mode == "recreate":
            return {}
        return {name: value for name, value in self.rows[key].values.items() if name in rejected}

    def _close(self, versions: list[Version], at: datetime) -> None:
        for version in versions:
            version.until = at

    def _reshape(self, shape: Shape, read: dict[str, Row], rejected: tuple[str, ...]) -> None:
        """Fill in new fields, cast those of another type, and drop lost ones from the table, not from history."""
        was, self.shape = self.shape or {}, shape
        for name in {*was, *shape} if was else ():
            old, new = was.get(name), shape.get(name)
            if new is None:
                for values in self._stored():
                    values.pop(name, None)
            elif old != new:
                now = {} if name in rejected else {key: row.get(name) for key, row in read.items()}
                self._retype(name, new)
                self._fill(name, old, new, now)

    def _stored(self) -> list[Row]:
        return [row.values for row in (*self.rows.values(), *(row for row, _ in self.deleted.values()))]

    def _retype(self, name: str, new: Type) -> None:
        for values in [*self._stored(), *(version.values for version in self.versions)]:
            if isinstance(new, Scalar) and values.get(name) is not None:
                set_value(values, name, cast(values[name], new))

    def _fill(self, name: str, old: Type | None, new: Type, now: dict[str, Any]) -> None:
        """Return the values of a column that appeared or changed its type, where the older part of the value is the same."""
        gains = old is None or new != common(new, old) or isinstance(new, Scalar)

        def same(known: Any, read: Any) -> bool:
            return old is None or project(known, old, new) == project(read, old, new)

        for version in self.open():
            known = version.values.get(name)
            if gains and version.key in now and same(known, now[version.key]):
                set_value(version.values, name, overlay(known, now[version.key], new))
        for key, row in self.rows.items():
            if gains and key in now and same(row.values.get(name), now[key]):
                set_value(row.values, name, now[key])
        if old is not None and not isinstance(new, Scalar):
            for values in self._stored():
                set_value(values, name, narrowed(values.get(name), new))

    def _compare(
        self,
        at: datetime,
        mode: str,
        read: dict[str, Row],
        passed_over: tuple[str, ...],
        kept: tuple[str, ...],
        kept_rows: Collection[str],
        *,
        history: bool,
        writes: bool,
    ) -> tuple[int, int, int]:
        """Compare and apply. Differences in `passed_over` columns are not changes; stored values of `kept` columns stay."""
        changes: list[tuple[Any, ...]] = []
        for key, row in read.items():
            if key not in self.rows:
                self._begin(key, Stored(dict(row), at), "insert", writes=writes)
                changes.append((key, "insert", None, None, dict(row)))
                continue
            before = self.rows[key].values
            now = {name: value for name, value in before.items() if name in kept} | row
            different = [name for name in {*before, *now} - {*passed_over} if before.get(name) != now.get(name)]
            self.rows[key].values = now
            if different:
                self._begin(key, Stored(now, at), "update", writes=writes)
                changes += [(key, "update", name, before.get(name), now.get(name)) for name in different]
        for key in [] if mode == "merge" else self.rows.keys() - read.keys() - set(kept_rows):
            gone = self.rows.pop(key)
            if writes:
                self._close([version for version in self.open() if version.key == key], at)
            changes.append((key, "delete", None, dict(gone.values), None))
            if mode == "compare_keep_deleted":
                self.deleted[key] = (gone, at)
        self.changes += changes if history else []
        keys = {kind: {change[0] for change in changes if change[1] == kind} for kind in ("insert", "update", "delete")}
        return len(keys["insert"]), len(keys["update"]), len(keys["delete"])

    def _begin(self, key: str, row: Stored, change: str, *, writes: bool) -> None:
        self.rows[key] = row
        self.deleted.pop(key, None)
        if writes:
            self._close([version for version in self.open() if version.key == key], row.loaded_at)
            self.versions.append(Version(key, dict(row.values), row.loaded_at, change))


def canonical(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: canonical(member) for name, member in value.items() if member is not None}
    if isinstance(value, list):
        return sorted((canonical(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
    return value


def set_value(values: Row, name: str, value: Any) -> None:
    if value is None:
        values.pop(name, None)
    else:
        values[name] = value


def without(value: Any, person: str) -> Any:
    """Return a value without the items of lists, and the objects, that are the person's."""
    if isinstance(value, dict):
        if person in [member for member in value.values() if isinstance(member, str)]:
            return None
        return {name: without(member, person) for name, member in value.items()}
    if isinstance(value, list):
        return [without(item, person) for item in value if item is None or without(item, person) is not None]
    return None if value == person else value


def cast(value: Any, type_: Type) -> Any:
    if type_ == Scalar("String"):
        return str(value)
    try:
        number = int(value)
    except ValueError:
        return None
    return number if abs(number) < 2 ** (31 if type_ == Scalar("Int32") else 63) else None


def common(old: Type, new: Type) -> Type:
    if isinstance(old, List) and isinstance(new, List):
        return List(common(old.item, new.item))
    if isinstance(old, Struct) and isinstance(new, Struct):
        names = {name for name, _ in new.fields}
        return Struct(tuple(member for member in old.fields if member[0] in names))
    return old


def project(value: Any, old: Type, new: Type) -> Any:
    """Return the value in the older type, without the fields that the newer has lost."""
    shared = common(old, new)
    return cast(value, shared) if isinstance(shared, Scalar) and value is not None else narrowed(value, shared)


def narrowed(value: Any, type_: Type) -> Any:
    if isinstance(value, dict) and isinstance(type_, Struct):
        return {name: value[name] for name, _ in type_.fields if name in value}
    if isinstance(value, list) and isinstance(type_, List):
        return canonical([narrowed(item, type_.item) for item in value])
    return value


def overlay(known: Any, now: Any, new: Type) -> Any:
    """Return what was read, with the fields that only history has."""
    if isinstance(known, dict) and isinstance(now, dict) and isinstance(new, Struct):
        names = {name for name, _ in new.fields}
        return {name: value for name, value in known.items() if name not in names} | now
    return now
