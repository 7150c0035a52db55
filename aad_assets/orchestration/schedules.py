"""The schedules of a connection. A tick is skipped while another run uses the same database."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import dagster as dg

from aad_assets.orchestration.specs import name_prefix
from aad_assets.settings import Settings, absolute, is_file, variable

DATABASE_TAG = "aad_assets/database"
"""The tag of a job's runs that says, without naming it, which database they use."""
_UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
_MOST_RUNS = 1_000
"""Unfinished runs that are looked at."""


def database_tags(settings: Settings) -> dict[str, str]:
    """Return the tags of every run that a job of the connection starts. A hash, because a target may hold a password."""
    target = absolute(settings.database) if is_file(settings.database) else settings.database
    return {DATABASE_TAG: hashlib.sha256(target.encode()).hexdigest()[:16]}


@dataclass(frozen=True)
class Scheduler:
    """The settings that the schedules of one connection share."""

    settings: Settings
    problems: list[str]
    """Sentences about settings that cannot be used. They fail the run, and the definitions still load."""

    def schedule(self, job: Any, setting: str, description: str) -> dg.ScheduleDefinition:
        """Return the schedule `<job>_schedule`, whose cron expression is the field `setting`."""
        cron, timezone = getattr(self.settings, setting), self.settings.schedule_timezone
        default = Settings.model_fields[setting].default
        if cron == default:
            cron = staggered(cron, self.settings.connection_name)

        def defined(cron: str, timezone: str) -> dg.ScheduleDefinition:
            return dg.ScheduleDefinition(
                name=f"{job.name}_schedule",
                job=job,
                cron_schedule=cron,
                execution_timezone=timezone,
                execution_fn=self._tick,
                description=f"{description} {variable(setting)} and AAD_SCHEDULE_TIMEZONE set the time.",
            )

        try:
            return defined(cron, timezone)
        except dg.DagsterInvalidDefinitionError:
            problem = (
                f"{variable(setting)} ({cron!r}) is not a cron expression, or AAD_SCHEDULE_TIMEZONE ({timezone!r}) is not a "
                "time zone such as Europe/Berlin. Correct the setting."
            )
            self.problems.append(problem)
            return defined(default or "@daily", Settings().schedule_timezone)

    @property
    def _tick(self) -> Callable[[dg.ScheduleEvaluationContext], dg.RunRequest | dg.SkipReason]:
        tags, connection_name = database_tags(self.settings), self.settings.connection_name

        def tick(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
            if run := _using(context.instance, tags[DATABASE_TAG], connection_name):
                return dg.SkipReason(
                    f"The run {run.run_id} still uses the database. A later tick reloads what is missing now; if there is "
                    "none for long, terminate that run or let this schedule tick less often."
                )
            return dg.RunRequest(tags=tags)

        return tick


def _using(instance: dg.DagsterInstance, database: str, connection_name: str) -> dg.DagsterRun | None:
    """Return an unfinished run that uses the database: by its tag, or if somebody pressed Materialize, by its assets."""
    for run in instance.get_runs(dg.RunsFilter(statuses=_UNFINISHED), limit=_MOST_RUNS):
        tagged = run.tags.get(DATABASE_TAG)
        if tagged == database:
            return run
        if tagged is None and any(key.path[0] == connection_name for key in run.asset_selection or ()):
            return run
    return None


def staggered(cron: str, connection_name: str) -> str:
    """Return `cron` at another minute for connections other than `aad`, so that several do not start at once."""
    if not name_prefix(connection_name):
        return cron
    minute = 1 + int.from_bytes(hashlib.sha256(connection_name.encode()).digest()[:4], "big") % 59
    return re.sub(r"^\d+", lambda found: str((int(found[0]) + minute) % 60), cron)
