"""Waiting for a target that another process, or this one, has open."""

import os
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest

from aad_assets.errors import WarehouseError
from aad_assets.warehouse.database import target as target_module
from aad_assets.warehouse.database.target import Target
from aad_assets_tests.warehouse.support import HOLD_DATABASE, TENANT, Lab, OtherProcess, read_alone, touch


def test_while_it_is_open_no_other_process_has_it(lab: Lab, target: Target, database: Path) -> None:
    script = "import sys, duckdb\ntry: duckdb.connect(sys.argv[1])\nexcept duckdb.Error: print('locked')"
    with lab.stage.cursor() as cursor, target.transaction(cursor, TENANT), OtherProcess(script, str(database)) as other:
        assert other.line() == "locked"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A clock that advances only while the target waits, in `now`."""
    clock = SimpleNamespace(now=0.0)

    def pause(seconds: float) -> None:
        clock.now += seconds

    monkeypatch.setattr(target_module, "time", SimpleNamespace(monotonic=lambda: clock.now))
    monkeypatch.setattr(target_module, "pause", pause)
    return clock


def test_a_lock_is_waited_for_as_long_as_lock_wait_says(lab: Lab, database: Path, clock: SimpleNamespace) -> None:
    target = Target(str(database), "aad", lock_wait=30.0)
    with OtherProcess(HOLD_DATABASE, str(database)) as other:
        assert other.line() == "held"
        with pytest.raises(WarehouseError) as caught:
            touch(lab, target)
        assert clock.now == pytest.approx(30.0, abs=0.3)
        message = str(caught.value)
        assert f"The database {database} (AAD_DATABASE) is in use by process {other.process.pid} (python" in message
        assert "waited 30 s" in message
        with pytest.raises(WarehouseError, match=r"waited 0 s"):
            touch(lab, target)  # what is ready at the same time waits together, not one after the other
        assert clock.now == pytest.approx(30.0, abs=0.3)


def test_after_a_wait_that_failed_later_transactions_wait_again_but_not_forever(
    lab: Lab, database: Path, clock: SimpleNamespace
) -> None:
    target = Target(str(database), "aad", lock_wait=30.0)
    waits = []
    with OtherProcess(HOLD_DATABASE, str(database)) as other:
        assert other.line() == "held"
        for _ in range(20):
            clock.now += 600
            began = clock.now
            with pytest.raises(WarehouseError):
                touch(lab, target)
            waits.append(round(clock.now - began))
        assert waits == [30] * 5 + [0] * 15
        other.go_on()
        assert other.line() == "released"
        touch(lab, target)
    with OtherProcess(HOLD_DATABASE, str(database)) as other:
        assert other.line() == "held"
        with pytest.raises(WarehouseError, match="waited 30 s"):
            touch(lab, target)


def test_a_lock_that_is_released_meanwhile_is_taken(lab: Lab, database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = Target(str(database), "aad", lock_wait=30.0)
    with OtherProcess(HOLD_DATABASE, str(database)) as other:
        assert other.line() == "held"
        waits: list[str] = []

        def pause(_: float) -> None:
            other.go_on()
            waits.append(other.line())

        monkeypatch.setattr(target_module, "pause", pause)
        touch(lab, target)
        assert waits == ["released"]
    assert read_alone(database, "SELECT count(*) FROM aad_meta.loads") == [(0,)]


def test_a_database_that_this_process_itself_has_open_is_waited_for(
    lab: Lab, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = duckdb.connect(str(database))
    with pytest.raises(WarehouseError, match=rf"in use by this process itself \({os.getpid()}\)"):
        touch(lab, Target(str(database), "aad", lock_wait=0.0))
    monkeypatch.setattr(target_module, "pause", lambda _: connection.close())
    touch(lab, Target(str(database), "aad", lock_wait=30.0))
