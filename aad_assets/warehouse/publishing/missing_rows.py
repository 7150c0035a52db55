"""Which stored rows a read lacks: counted and hashed in the database, so that two reads compare without their keys."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import duckdb

from aad_assets.catalog import Entity
from aad_assets.catalog.types import quoted
from aad_assets.errors import Refusals
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.publishing.compare import DELETED_AT
from aad_assets.warehouse.publishing.kept_rows import reference
from aad_assets.warehouse.publishing.relations import stored_relation

_MOST_HASHES = 1_000
_FEW_SHARE = 0.01


@dataclass(frozen=True)
class MissingRows:
    """The stored rows whose keys a read lacks. Two reads that lack the same rows are equal."""

    stored: int = 0
    """The tenant's rows that the read could have brought."""
    missing: int = 0
    digest: int = 0
    """A hash of the missing keys in any order. It holds within one process, because DuckDB may change its hash."""
    hashes: frozenset[int] = frozenset()
    """The hashes of the missing keys, if there are few."""

    @property
    def is_most(self) -> bool:
        """True if more than half of the stored rows are missing."""
        return 2 * self.missing > self.stored

    def is_later_than(self, earlier: "MissingRows") -> bool:
        """Return whether the same rows are missing as in an earlier read, and at most a few more, deleted since then."""
        new = self.missing - earlier.missing
        return earlier.hashes <= self.hashes and len(self.hashes - earlier.hashes) == new <= max(1, _FEW_SHARE * self.stored)


def missing_rows(
    cursor: duckdb.DuckDBPyConnection,
    target: Target,
    entity: Entity,
    staged: str,
    tenant_id: str,
    refusals: Sequence[Refusals] = (),
) -> MissingRows:
    """Compare the keys of the relation `staged` with the stored rows of `entity`.

    Left aside are rows whose deletion was recorded, and those of refused parents, whether in this table or in one above it.
    Raises WarehouseError. Blocks: call it in a thread.
    """
    with target.transaction(cursor, tenant_id):
        columns = _columns(cursor, target, entity.table)
        parents = {each.table: reference(entity, each.table) for each in refusals}
        needed = {name.lower() for names in (entity.key, *parents.values()) for name in names}
        if not columns.issuperset(needed) or not all(parents.values()):
            return MissingRows()
        conditions, parameters = ["t._tenant_id = ?"], [tenant_id]
        if DELETED_AT in columns:
            conditions.append(f"t.{DELETED_AT} IS NULL")
        for each in refusals:
            names = ", ".join(f"t.{quoted(name)}" for name in parents[each.table])
            values = ", ".join(f"({', '.join('?' for _ in parent.key)})" for parent in each.parents)
            conditions.append(f"({names}) NOT IN ({values})")
            parameters += [value for parent in each.parents for value in parent.key]
        keys = ", ".join(map(quoted, entity.key))
        source = f"""FROM {target.schema}.{quoted(entity.table)} t LEFT JOIN (SELECT {keys}, true AS found FROM {staged}) s
                     USING ({keys}) WHERE {" AND ".join(conditions)}"""
        counts = f"count(*), count(*) FILTER (s.found IS NULL), coalesce(bit_xor(hash({keys})) FILTER (s.found IS NULL), 0)"
        found = MissingRows(*cursor.execute(f"SELECT {counts} {source}", parameters).fetchall()[0])
        if not 0 < found.missing <= _MOST_HASHES:
            return found
        hashes = cursor.execute(f"SELECT hash({keys}) {source} AND s.found IS NULL", parameters).fetchall()
    return replace(found, hashes=frozenset(number for (number,) in hashes))


def _columns(cursor: duckdb.DuckDBPyConnection, target: Target, table: str) -> frozenset[str]:
    """Return the columns of a stored table in lower case; none if it does not exist."""
    name = f"{target.schema}.{quoted(table)}"
    if name not in target.tables(cursor):
        return frozenset()
    return frozenset(column.lower() for column in stored_relation(cursor, name).types)
