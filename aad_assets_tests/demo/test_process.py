"""The process: ready file, day, statistics, a readable failure, a clean end."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from aad_assets.demo import DemoServer, DemoServerError

from .client import Client


def test_ready_file_is_private(demo: DemoServer) -> None:
    for name in ("demo.json", "client.pem"):
        assert stat.S_IMODE((demo.state_dir / name).stat().st_mode) == 0o600
    assert "~" in demo.client_secret
    assert demo.environment()["AAD_GRAPH_BASE_URL"].endswith("/v1.0")


def test_secrets_differ_and_data_do_not() -> None:
    seen = []
    for _ in range(2):
        with DemoServer(users=20, seed=5, day=3) as demo:
            seen.append((demo.client_secret, list(demo.objects("users"))))
    assert seen[0][0] != seen[1][0]
    assert seen[0][1] == seen[1][1]


def test_a_failure_is_readable() -> None:
    with pytest.raises(DemoServerError, match="at least 10"):
        DemoServer(users=1).start()


def test_a_day_can_pass_while_it_runs(broken: Client) -> None:
    demo = broken.demo
    before = {row["id"] for row in broken.rows("/users?$select=id")}
    demo.set_day(1)
    after = {row["id"] for row in broken.rows("/users?$select=id")}
    assert after - before
    assert before - after
    assert after == {row["id"] for row in demo.objects("users")}


def test_a_chain_of_pages_survives_the_day(broken: Client) -> None:
    first = broken.get("/users?$select=id&$top=10").json()
    broken.demo.set_day(1)
    rest = broken.rows(first["@odata.nextLink"])
    ids = [row["id"] for row in (*first["value"], *rest)]
    assert len(set(ids)) == len(ids)


def test_statistics(broken: Client) -> None:
    broken.token()
    broken.demo.reset_stats()
    broken.get("/users?$select=id")
    broken.get("/nothing")
    broken.sign_in()
    stats = broken.demo.stats()
    assert stats["requests"] == {"/users": 1, "error 400": 1}
    assert stats["tokens_issued"] == 1
    assert stats["max_concurrent_requests"] == 1


def start(directory: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "aad_assets.demo", "--users", "20", "--state-dir", str(directory), "--watch-stdin"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline().startswith("ready https://localhost:")
    return process


@pytest.mark.parametrize("signal", ["SIGTERM", "SIGINT", "end of stdin"])
def test_a_clean_end(tmp_path: Path, signal: str) -> None:
    process = start(tmp_path)
    if signal == "end of stdin":
        assert process.stdin
        process.stdin.close()
        process.stdin = None
    else:
        os.kill(process.pid, {"SIGTERM": 15, "SIGINT": 2}[signal])
    _, said = process.communicate(timeout=10)
    assert process.returncode == 0
    assert said == ""
