"""Which days of a log a run reads. Pure: no I/O.

Graph keeps events for 30 days (learn.microsoft.com/entra/identity/monitoring-health/reference-reports-data-retention), and
some arrive hours late: so the last complete day is read once more.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta

from aad_assets.errors import ConfigurationError

KEPT = 30
"""Days that Graph keeps events at most; directory audits for 7 in a tenant without P1."""

_DAY = timedelta(days=1)


def due_days(recorded: Collection[tuple[date, bool]], today: date, first: int) -> list[date]:
    """Days from the last one before the first gap up to `today`; `recorded` are days that were read, and whether whole.

    `first`: how many days before today the first load begins.
    """
    oldest = today - KEPT * _DAY
    complete = {day for day, whole in recorded if whole}
    start = today - first * _DAY
    if recorded:
        start = min(day for day, _ in recorded)
        while start in complete:
            start += _DAY
        if start - _DAY in complete:
            start -= _DAY
    start = min(max(start, oldest), today)
    return [start + number * _DAY for number in range((today - start).days + 1)]


def chosen_days(texts: Iterable[str], today: date) -> list[date]:
    """Days named in a run's config: `2026-11-01`, or `2026-11-01..2026-11-05`. Raises ConfigurationError."""
    days: set[date] = set()
    for text in texts:
        first, _, last = text.partition("..")
        try:
            begin, end = date.fromisoformat(first.strip()), date.fromisoformat((last or first).strip())
        except ValueError:
            raise ConfigurationError(
                f"log_days in the run's config has {text!r}: a day such as 2026-11-01 is needed, or 2026-11-01..2026-11-05."
            ) from None
        days.update(begin + number * _DAY for number in range((end - begin).days + 1))
    oldest = today - KEPT * _DAY
    if wrong := sorted(day for day in days if not oldest <= day <= today):
        raise ConfigurationError(
            f"log_days in the run's config has {wrong[0]}: Graph keeps events for {KEPT} days, so that {oldest} up to "
            f"{today} can be read."
        )
    return sorted(days)


def day_filter(time_property: str, day: date) -> str:
    """The `$filter` of one UTC day."""
    return f"{time_property} ge {day}T00:00:00Z and {time_property} lt {day + _DAY}T00:00:00Z"


def is_over(day: date, now: datetime) -> bool:
    """Whether nothing more can happen on `day`."""
    return now >= datetime.combine(day + _DAY, time(), UTC)


def told(days: Sequence[date]) -> str:
    """For people: `2026-11-01 to 2026-11-08`."""
    return str(days[0]) if len(days) == 1 else f"{days[0]} to {days[-1]}"
