"""When an asset counts as out of date: derived from the schedule that reloads it."""

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise

import dagster as dg
from dagster._utils.schedules import schedule_execution_time_iterator

_WARN, _FAIL = 1.25, 2.0
"""An asset may be as old as this many times the longest pause between two ticks before Dagster warns, and fails it."""
_START = datetime(2026, 1, 1, tzinfo=UTC)
"""Any start will do. A fixed one gives the same policy at every load of the definitions."""
_HORIZON = timedelta(days=9)
"""Frequent ticks are looked at for more than a week, so that a pause over the weekend counts."""
_FEWEST, _MOST = 40, 15_000
"""Ticks that are looked at."""
_LEAST = timedelta(minutes=2)
"""Dagster refuses windows below a minute."""


def freshness_policy(schedule: dg.ScheduleDefinition) -> dg.FreshnessPolicy:
    """Return a policy that fails after one tick was missed, and warns when it is late.

    It is a window of time, because Dagster refuses to load a policy by cron whose window is longer than the shortest pause
    between two ticks, such as a day of 23 hours.
    """
    pause = longest_pause(str(schedule.cron_schedule), schedule.execution_timezone or "UTC")
    return dg.FreshnessPolicy.time_window(fail_window=max(pause * _FAIL, _LEAST), warn_window=pause * _WARN)


def longest_pause(cron: str, timezone: str) -> timedelta:
    """Return the longest time between two ticks of a valid `cron`. Ticks of a year and more apart count as a year apart."""
    ticks = schedule_execution_time_iterator(_START.timestamp(), cron, timezone, ascending=True)
    longest = timedelta(0)
    for number, (earlier, later) in enumerate(pairwise(islice(ticks, _MOST))):
        longest = max(longest, later - earlier)
        passed = later - _START
        if longest >= timedelta(days=366) or (passed > _HORIZON and number >= _FEWEST):
            break
    return min(longest, timedelta(days=366))
