"""The days of a log that a run reads. Pure functions without I/O.

Graph keeps events for 30 days (learn.microsoft.com/entra/identity/monitoring-health/reference-reports-data-retention). Some
arrive hours late, so the last complete day is read again.
"""

from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime, time, timedelta

from aad_assets.errors import ConfigurationError

RETENTION_DAYS = 30
"""Days for which Graph keeps events; directory audits only 7 in a tenant without P1."""

_DAY = timedelta(days=1)


def due_days(recorded: Collection[tuple[date, bool]], today: date, first: int) -> list[date]:
    """Return the days from the last one before the first gap up to `today`.

    `recorded` are the days that were read, each with whether it was complete. `first` is the number of days before today at
    which the first load starts.
    """
    oldest = today - RETENTION_DAYS * _DAY
    complete = {day for day, whole in recorded if whole}
    start = today - first * _DAY
    if recorded:
        start = max(min(day for day, _ in recorded), oldest)  # Days that Graph no longer keeps stay a gap.
        while start in complete:
            start += _DAY
        if start - _DAY in complete:
            start -= _DAY
    start = min(max(start, oldest), today)
    return [start + number * _DAY for number in range((today - start).days + 1)]


def parse_days(texts: Iterable[str], today: date) -> list[date]:
    """Return the days named in a run's config, as `2026-11-01` or `2026-11-01..2026-11-05`, in order.

    Raises ConfigurationError for texts that are no days, and for days that Graph does not keep.
    """
    days: set[date] = set()
    for text in texts:
        first, _, last = text.partition("..")
        try:
            begin, end = date.fromisoformat(first.strip()), date.fromisoformat((last or first).strip())
        except ValueError:
            raise ConfigurationError(
                f"log_days in the run's config has {text!r}, which is not a day. Write 2026-11-01 or 2026-11-01..2026-11-05."
            ) from None
        if end < begin:
            raise ConfigurationError(
                f"log_days in the run's config has {text!r}, which ends before it begins. Write the earlier day first."
            )
        days.update(begin + number * _DAY for number in range((end - begin).days + 1))
    oldest = today - RETENTION_DAYS * _DAY
    if outside := sorted(day for day in days if not oldest <= day <= today):
        raise ConfigurationError(
            f"log_days in the run's config has {outside[0]}, but Graph keeps events for {RETENTION_DAYS} days only. "
            f"Choose days from {oldest} to {today}."
        )
    return sorted(days)


def day_filters(time_property: str, day: date) -> tuple[str, ...]:
    """Return equivalent `$filter`s that select one UTC day, in the order in which to try them.

    The reference names different operators for each log (learn.microsoft.com/graph/api/directoryaudit-list: ge and le;
    /provisioningobjectsummary-list: gt and lt). So far all logs have accepted ge and lt.
    """
    first, last = f"{day}T00:00:00Z", f"{day}T23:59:59.9999999Z"
    before, after = f"{day - _DAY}T23:59:59.9999999Z", f"{day + _DAY}T00:00:00Z"
    pairs = (("ge", first, "lt", after), ("ge", first, "le", last), ("gt", before, "lt", after))
    return tuple(f"{time_property} {a} {begin} and {time_property} {b} {end}" for a, begin, b, end in pairs)


def is_over(day: date, now: datetime) -> bool:
    """Return whether `day` has ended in UTC, so that no more events can happen on it."""
    return now >= datetime.combine(day + _DAY, time(), UTC)
