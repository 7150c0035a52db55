"""Pruning by the job and by the command: AAD_KEEP_HISTORY and AAD_KEEP_CHANGES say what is deleted, options override them."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from aad_assets.cli import main
from aad_assets.orchestration import build_definitions
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.prune import Pruned


class Called:
    """Stands for `prune_and_shrink`: records the ages in days that it is asked for; None keeps everything."""

    def __init__(self) -> None:
        self.ages: list[tuple[int | None, int | None]] = []
        self.lock_wait = 0.0
        self.memory_limit = ""

    def __call__(
        self,
        target: Target,
        *,
        history_before: datetime | None,
        changes_before: datetime | None,
        memory_limit: str,
    ) -> Pruned:
        now = datetime.now(UTC)
        history, changes = (None if each is None else (now - each).days for each in (history_before, changes_before))
        self.ages.append((history, changes))
        self.lock_wait = target._lock_wait
        self.memory_limit = memory_limit
        return Pruned(0, 0)


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> Called:
    made = Called()
    for module in ("orchestration", "commands"):
        monkeypatch.setattr(f"aad_assets.{module}.prune.prune_and_shrink", made)
    return made


BOTH = {"AAD_KEEP_HISTORY": "400d", "AAD_KEEP_CHANGES": "10w"}


@pytest.mark.parametrize(
    ("environment", "config", "ages"),
    [
        ({}, {}, (None, None)),
        (BOTH, {}, (400, 70)),
        ({"AAD_KEEP_CHANGES": "10w"}, {}, (None, 70)),
        (BOTH, {"history_older_than": "5d"}, (5, 70)),
        (BOTH, {"history_older_than": "", "changes_older_than": ""}, (None, None)),
    ],
)
def test_the_job_prunes_as_the_settings_say(
    called: Called, environment: dict[str, str], config: dict[str, str], ages: tuple[int | None, int | None]
) -> None:
    job = build_definitions(environment=environment).resolve_job_def("prune")
    assert job.execute_in_process(run_config={"ops": {"forget": {"config": config}}}).success
    assert called.ages == [ages]


@pytest.mark.parametrize(
    "environment", [{"AAD_KEEP_HISTORY": "ever"}, {"AAD_LOCK_WAIT": "nan"}, {"AAD_CONNECTION_NAME": "Prod"}]
)
def test_the_job_deletes_nothing_if_a_setting_is_wrong(called: Called, environment: dict[str, str]) -> None:
    job = build_definitions(environment=environment).resolve_job_def("prune")
    with pytest.raises(dg.Failure, match=next(iter(environment))):
        job.execute_in_process()
    assert called.ages == []


@pytest.mark.parametrize(
    ("environment", "options", "ages"),
    [
        ({}, [], (None, None)),
        (BOTH, [], (400, 70)),
        (BOTH, ["--changes-older-than", "2d"], (None, 2)),
        ({}, ["--history-older-than", "3w", "--changes-older-than", "2d"], (21, 2)),
    ],
)
def test_the_command_prunes_as_the_settings_say_unless_options_do(
    called: Called, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], options: Any, ages: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in (environment | {"AAD_LOCK_WAIT": "2.5", "AAD_MEMORY_LIMIT": "500MB"}).items():
        monkeypatch.setenv(name, value)
    assert main(["prune", *options]) == 0
    assert called.ages == [ages]
    assert (called.lock_wait, called.memory_limit) == (2.5, "500MB")
