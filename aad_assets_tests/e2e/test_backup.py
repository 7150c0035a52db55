"""Restore a backup as docs/deployment.md says, and reload."""

import shutil
from pathlib import Path

import pytest

from aad_assets.demo import DemoServer
from aad_assets_tests.e2e.conftest import make_place

SELECTED = 'key:"aad/users" or key:"aad/organization"'


@pytest.mark.slow
def test_a_restored_backup_continues_with_its_history(tmp_path: Path) -> None:
    with DemoServer(users=50, no_quota=True) as server:
        copy, backup = tmp_path / "serving.duckdb", tmp_path / "backup.duckdb"
        place = make_place(tmp_path / "place", server.environment() | {"AAD_SERVING_COPY": str(copy)})
        assert place.materialize(SELECTED).returncode == 0
        shutil.copy(copy, backup)
        first = place.query("SELECT id, _valid_from FROM aad_history.users ORDER BY ALL")
        server.set_day(1)
        assert place.materialize(SELECTED).returncode == 0
        users = place.query("SELECT id, displayName, accountEnabled, department FROM aad.users ORDER BY id")

        place.database.unlink()
        Path(f"{place.database}.wal").unlink(missing_ok=True)
        shutil.copy(backup, place.database)
        place.database.chmod(0o600)
        assert place.query("SELECT id, _valid_from FROM aad_history.users ORDER BY ALL") == first
        assert place.materialize(SELECTED).returncode == 0

    assert place.query("SELECT id, displayName, accountEnabled, department FROM aad.users ORDER BY id") == users
    assert set(first) <= set(place.query("SELECT id, _valid_from FROM aad_history.users"))
    assert place.query("SELECT count(*) > 0 FROM aad_meta.changes") == [(True,)]
    assert place.query("SELECT count(*) FROM aad_meta.loads WHERE entity = 'users' AND status = 'published'") == [(2,)]
