"""What a sequence of loads should leave, as plain dicts: the current rows, every version, every change.

Written without SQL and without the code under test. A row is a dict of canonical values: lists sorted, fields that are NULL
left out.
"""

import json
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
    """Rows kept after they were deleted, and when."""
    versions: list[Version] = field(default_factory=list)
    changes: list[tuple[Any, ...]] = field(default_factory=list)
    has_history: bool = False

    def load(
        self,
        at: datetime,
        mode: str,
        shape: Shape,
        read: dict[str, Row],
        *,
        refused: tuple[str, ...] = (),
        volatile: tuple[str, ...] = (),
        history: bool = True,
    ) -> tuple[int, int, int]:
        """Apply one load; returns how many rows were inserted, updated, deleted."""
        first = self.shape is None
        before = len(self.rows)
        if mode != "compare_keep_deleted":
            self.deleted.clear()
        if history and not self.has_history:
            self.has_history = True
            self.versions += [Version(key, dict(row.values), row.loaded_at, "insert") for key, row in self.rows.items()]
        replaces = mode in ("truncate", "recreate")
        if not history or replaces:
            self._close(self.open(), at)
        resumes = history and before > 0 and not self.open()
        self._reshape(shape, read, refused, mode)
        if first and before == 0:
            self.rows = {key: Stored(dict(row), at) for key, row in read.items()}
            counts, resumes = (len(read), 0, 0), True
        elif replaces:
            self.rows = {key: Stored(self._kept(key, refused, mode) | row, at) for key, row in read.items()}
            counts, resumes = (len(read), 0, before), True
        else:
            counts = self._compare(at, mode, read, refused, volatile, history, writes=history and not resumes)
        if history and resumes:
            self.versions += [Version(key, dict(row.values), at, "insert") for key, row in self.rows.items()]
        return counts

    def open(self) -> list[Version]:
        return [version for version in self.versions if version.until is None]

    def as_of(self, moment: datetime) -> dict[str, Row]:
        return {
            version.key: version.values
            for version in self.versions
            if version.since <= moment and (version.until is None or version.until > moment)
        }

    def casts(self, shape: Shape) -> bool:
        """Whether every stored value can be had in the types of `shape`."""
        was = self.shape or {}
        values = [*(row.values for row in self.rows.values()), *(version.values for version in self.versions)]
        values += [stored.values for stored, _ in self.deleted.values()]
        return all(
            cast(value[name], type_) is not None and str(cast(value[name], type_)) == str(value[name])
            for name, type_ in shape.items()
            if name in was and isinstance(type_, Scalar)
            for value in values
            if value.get(name) is not None
        )

    def _kept(self, key: str, refused: tuple[str, ...], mode: str) -> Row:
        if key not in self.rows or mode == "recreate":
            return {}
        return {name: value for name, value in self.rows[key].values.items() if name in refused}

    def _close(self, versions: list[Version], at: datetime) -> None:
        for version in versions:
            version.until = at

    def _reshape(self, shape: Shape, read: dict[str, Row], refused: tuple[str, ...], mode: str) -> None:
        """Fill in what is new; cast what has another type; drop what is lost, from the table alone."""
        was, self.shape = self.shape or {}, shape
        if not was:
            return
        open_versions = {version.key: version for version in self.open()}
        for name in {*was, *shape}:
            old, new = was.get(name), shape.get(name)
            if old == new:
                continue
            rows = {key: row.values for key, row in self.rows.items()}
            kept = [stored.values for stored, _ in self.deleted.values()]
            if new is None:
                for values in [*rows.values(), *kept]:
                    values.pop(name, None)
                continue
            for values in [*rows.values(), *kept, *(version.values for version in self.versions)]:
                if isinstance(new, Scalar) and values.get(name) is not None:
                    values[name] = cast(values[name], new)
            grows = old is None or old != common(old, new)
            gains = old is None or new != common(new, old) or isinstance(new, Scalar)
            for key, values in rows.items():
                now = read.get(key, {}).get(name)
                fills = key in read and name not in refused
                fits = fills and (old is None or project(values.get(name), old, new) == project(now, old, new))
                if version := open_versions.get(key):
                    known = version.values.get(name)
                    same = old is None or project(known, old, new) == project(now, old, new)
                    if fills and gains and same:
                        set_value(version.values, name, overlay(known, now, new))
                if fits and gains:
                    set_value(values, name, now)
                elif grows and old is not None and not isinstance(new, Scalar):
                    set_value(values, name, narrowed(values.get(name), new))
            for values in kept:
                if not isinstance(new, Scalar):
                    set_value(values, name, narrowed(values.get(name), new))

    def _compare(
        self,
        at: datetime,
        mode: str,
        read: dict[str, Row],
        refused: tuple[str, ...],
        volatile: tuple[str, ...],
        history: bool,
        *,
        writes: bool,
    ) -> tuple[int, int, int]:
        inserted = updated = deleted = 0
        open_versions = {version.key: version for version in self.open()}

        def ended(key: str) -> None:
            if writes and key in open_versions:
                open_versions[key].until = at

        def begun(key: str, change: str) -> None:
            self.rows[key].loaded_at = at
            self.deleted.pop(key, None)
            if writes:
                self.versions.append(Version(key, dict(self.rows[key].values), at, change))

        for key, row in read.items():
            if key not in self.rows:
                self.rows[key] = Stored(dict(row), at)
                begun(key, "insert")
                inserted += 1
                if history:
                    self.changes.append((key, "insert", None, None, dict(row)))
                continue
            before = self.rows[key].values
            now = {name: value for name, value in before.items() if name in refused} | row
            different = [
                name for name in {*before, *now} if before.get(name) != now.get(name) and name not in (*refused, *volatile)
            ]
            self.rows[key].values = now
            if different:
                ended(key)
                begun(key, "update")
                updated += 1
                if history:
                    self.changes += [(key, "update", name, before.get(name), now.get(name)) for name in different]
        for key in [] if mode == "merge" else [key for key in self.rows if key not in read]:
            gone = self.rows.pop(key)
            ended(key)
            deleted += 1
            if history:
                self.changes.append((key, "delete", None, dict(gone.values), None))
            if mode == "compare_keep_deleted":
                self.deleted[key] = (gone, at)
        return inserted, updated, deleted


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
    """The value in the older type, without what the newer has lost."""
    shared = common(old, new)
    return cast(value, shared) if isinstance(shared, Scalar) and value is not None else narrowed(value, shared)


def narrowed(value: Any, type_: Type) -> Any:
    if isinstance(value, dict) and isinstance(type_, Struct):
        return {name: value[name] for name, _ in type_.fields if name in value}
    if isinstance(value, list) and isinstance(type_, List):
        return canonical([narrowed(item, type_.item) for item in value])
    return value


def overlay(known: Any, now: Any, new: Type) -> Any:
    """What was read, with the fields that history alone still knows."""
    if isinstance(known, dict) and isinstance(now, dict) and isinstance(new, Struct):
        names = {name for name, _ in new.fields}
        return {name: value for name, value in known.items() if name not in names} | now
    return now
