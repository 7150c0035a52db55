"""Stopped and killed runs: the database is released and intact, nothing is left behind, and the next run works."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator

import pytest

from aad_assets.demo import DemoServer
from aad_assets_tests.e2e.conftest import Place

PlaceFor = Callable[[DemoServer], Place]


def read_until(process: subprocess.Popen[str], text: str) -> None:
    """Read the run's output until a line contains `text`."""
    assert process.stdout
    for line in process.stdout:
        if text in line:
            return
    pytest.fail(f"the run ended without printing {text!r}")


@pytest.fixture
def slow_tenant() -> Iterator[DemoServer]:
    """Yield a tenant whose groups take minutes to read."""
    with DemoServer(users=300, no_quota=True) as server:
        server.faults([{"kind": "latency", "path": "/groups", "ms": 60_000}])
        yield server


def test_ctrl_c_cancels_the_reads_and_releases_the_database(slow_tenant: DemoServer, place_for: PlaceFor) -> None:
    place = place_for(slow_tenant)
    with place.start('key:"aad/groups" or key:"aad/domains"') as process:
        read_until(process, "domains: published")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)  # half the time of a response

    assert process.returncode != 0
    assert place.query("SELECT count(*) FROM aad.domains")[0][0] > 0
    assert not list(place.database.parent.glob(".*staging*"))


def test_progress_is_logged_while_an_entity_is_read(slow_tenant: DemoServer, place_for: PlaceFor) -> None:
    place = place_for(slow_tenant)
    with place.start('key:"aad/groups"') as process:
        read_until(process, "groups: 0 rows, 0/s")
        process.kill()
        process.communicate()


def test_after_a_kill_the_next_run_cleans_up_and_publishes(slow_tenant: DemoServer, place_for: PlaceFor) -> None:
    place = place_for(slow_tenant)
    with place.start('key:"aad/groups" or key:"aad/domains"') as process:
        read_until(process, "domains: published")
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    assert list(place.database.parent.glob(".*staging*")), "the killed run was staging"
    unfinished = place.database.with_name(f".{place.database.name}.new")
    unfinished.write_bytes(b"of a prune that was killed")
    slow_tenant.clear_faults()

    assert place.materialize('key:"aad/groups"').returncode == 0

    assert place.query("SELECT count(*) FROM aad.groups")[0][0] == len(list(slow_tenant.objects("groups")))
    assert not unfinished.exists()
    assert not list(place.database.parent.glob(".*staging*"))
