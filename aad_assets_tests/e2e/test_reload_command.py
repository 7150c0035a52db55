"""`aad-assets reload` through its entry point: names, exit codes, and output for people and scripts."""

import json
import subprocess
from pathlib import Path

import pytest

from aad_assets.demo import DemoServer
from aad_assets_tests.e2e.conftest import BIN, Place, make_place


@pytest.fixture
def server() -> DemoServer:
    return DemoServer(users=30, no_quota=True)


def reload(place: Place, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(BIN / "aad-assets"), "reload", *arguments]
    return subprocess.run(
        command, env=place.environment, cwd=place.folder, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.slow  # four processes, three of them with Dagster
def test_it_reloads_what_is_named_and_refuses_the_rest(server: DemoServer, tmp_path: Path) -> None:
    with server:
        place = make_place(tmp_path / "place", server.environment())

        wrong = reload(place, "users", "grups")
        assert (wrong.returncode, place.database.exists()) == (2, False)
        assert "Did you mean groups" in wrong.stderr

        first = reload(place, "users", "groups")
        assert first.returncode == 0, first.stdout + first.stderr
        assert [line.split()[:2] for line in first.stdout.splitlines()[-2:]] == [
            ["users", "published"],
            ["groups", "published"],
        ]
        assert place.query("SELECT DISTINCT entity FROM aad_meta.loads ORDER BY ALL") == [("groups",), ("users",)]

        server.faults([{"kind": "shrink", "path": "/groups", "share": 0.0}])
        blocked = reload(place, "users", "groups", "--json")
        assert blocked.returncode == 1
        users, groups = map(json.loads, blocked.stdout.splitlines())
        assert (users["status"], groups["status"]) == ("published", "blocked")
        assert "dagster" in blocked.stderr

        opened = reload(place, "groups", "--allow", "groups=empty", "--allow", "groups=shrink")
        assert opened.returncode == 0, opened.stdout + opened.stderr
        assert place.query("SELECT count(*) FROM aad.groups") == [(0,)]
