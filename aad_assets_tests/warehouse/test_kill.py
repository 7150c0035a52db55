"""A process that is killed at any moment of a publish leaves the old or the new load complete, and the next run works."""

import json
import random
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from aad_assets.catalog import Entity
from aad_assets.catalog.types import List, Scalar, Type
from aad_assets.warehouse.database.target import Target
from aad_assets_tests.warehouse.support import OPEN, REPOSITORY, STRING, Lab, Row, entity, refusals


def people(columns: dict[str, Type]) -> Entity:
    return replace(entity(columns, table="people"), parent="offices", returned_parent_columns=("id",))


OLD = people({"id": STRING, "name": STRING, "tags": List(STRING)})
NEW = people({"id": STRING, "name": STRING, "tags": List(STRING), "age": Scalar("Int32")})
"""The entity with another column, so that the process can be killed while it rebuilds table and history."""

_ROWS = 2_000
_KEPT = 10
REFUSED = refusals("people", *(f"p{n:05}" for n in range(_KEPT)), asked=_ROWS)
"""Parents that Graph refuses in the second load. Their rows are not read, and stay."""
_UNCHANGED = _ROWS * 19 // 20 * 9 // 10

# SIGALRM, not handled, ends the process at once wherever it is: in Python, in DuckDB, in the kernel.
CHILD = """
import signal, sys, time
from pathlib import Path
from aad_assets.warehouse.database.target import Target
from aad_assets_tests.warehouse import test_kill as here
from aad_assets_tests.warehouse.support import OPEN, Lab, new_load
from aad_assets.warehouse.publishing.publish import publish

database, staging, delay = sys.argv[1:]
lab = Lab(Path(staging))
staged = lab.land(here.rows(1), here.NEW)
with lab.stage.cursor() as cursor:
    began = time.monotonic()
    signal.setitimer(signal.ITIMER_REAL, float(delay))
    load = new_load(1, here.NEW)
    load.refusals = [here.REFUSED]
    publish(cursor, Target(database, "aad"), here.NEW, staged, load, (), OPEN)
    signal.setitimer(signal.ITIMER_REAL, 0)
    print(time.monotonic() - began)
lab.close()
"""


def rows(load: int) -> list[Row]:
    """1 in 10 differs between the loads, 1 in 20 is gone, as many are new."""
    first = load * _ROWS // 20
    return [
        {"id": f"p{n:05}", "name": f"{n}" if n % 10 or not load else f"changed {n}", "tags": [f"{n % 7}", "x"]}
        | ({"age": n % 90} if load else {})
        for n in range(first, first + _ROWS)
    ]


def child(database: Path, delay: float) -> subprocess.CompletedProcess[str]:
    staging = database.parent / "staging"
    staging.mkdir()
    command = [sys.executable, "-c", CHILD, str(database), str(staging), str(delay)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=REPOSITORY, timeout=60)


def state(database: Path) -> dict[str, Any]:
    """Read everything that a load writes, from another process."""
    with duckdb.connect(str(database), read_only=True) as connection:

        def pairs(statement: str) -> dict[str, Any]:
            found = connection.execute(statement).fetchall()
            assert len(found) == len(dict(found))
            return dict(found)

        return {
            "table": pairs("SELECT id, name FROM aad.people"),
            "now": pairs("SELECT id, name FROM aad_history.people WHERE _valid_to IS NULL"),
            "before": pairs("SELECT id, name FROM aad_history.people_at(TIMESTAMPTZ '2026-01-01 12:00:00+00')"),
            "changes": pairs("SELECT change, count(*) FROM aad_meta.changes GROUP BY change"),
            "loads": pairs("SELECT load_id, status FROM aad_meta.loads"),
            "refused": pairs("SELECT load_id || key, status FROM aad_meta.refused_parents"),
        }


@pytest.mark.parametrize("kills", [10, pytest.param(300, marks=[pytest.mark.slow, pytest.mark.timeout(1200)])])
def test_a_kill_at_any_moment_leaves_one_load_or_the_other(lab: Lab, tmp_path: Path, kills: int) -> None:
    base = tmp_path / "base" / "entra.duckdb"
    lab.publish(Target(str(base), "aad"), rows(0), OLD)
    old = state(base)
    whole = tmp_path / "whole" / "entra.duckdb"
    shutil.copytree(base.parent, whole.parent)
    duration = float(child(whole, 60).stdout)
    new = state(whole)
    assert new["changes"] == {"insert": _ROWS // 20, "update": _ROWS * 19 // 20 - _UNCHANGED, "delete": _ROWS // 20 - _KEPT}
    assert old["table"] == {row["id"]: row["name"] for row in rows(0)}
    kept = {row["id"]: row["name"] for row in rows(0)[:_KEPT]}
    assert new["table"] == kept | {row["id"]: row["name"] for row in rows(1)}
    assert (len(old["refused"]), len(new["refused"])) == (0, _KEPT)
    assert (new["before"], new["now"]) == (old["table"], new["table"])

    chance = random.Random(kills)
    survived = 0
    for number in range(kills):
        database = tmp_path / f"kill{number}" / "entra.duckdb"
        shutil.copytree(base.parent, database.parent)
        ended = child(database, chance.uniform(0.01, 1.0) * duration)
        if ended.returncode == 0:
            # The first measurement took longer, because the machine was busier.
            survived, duration = survived + 1, min(duration, float(ended.stdout))
        left = state(database)
        assert left in (old, new), json.dumps({name: len(value) for name, value in left.items()})
        load = lab.publish(Target(str(database), "aad"), rows(1), NEW, number=2, options=OPEN, refusals=[REFUSED])
        assert (load.inserted, load.unchanged) in ((_ROWS // 20, _UNCHANGED), (0, _ROWS))
        after = state(database)
        assert (after["table"], after["now"], after["changes"]) == (new["table"], new["table"], new["changes"])
        shutil.rmtree(database.parent)
    assert survived < kills / 2
