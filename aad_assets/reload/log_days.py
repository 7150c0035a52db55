"""The days and hours of a log that a run reads. Pure functions without I/O; see also `log_reader.py`.

Graph keeps events for 30 days (learn.microsoft.com/entra/identity/monitoring-health/reference-reports-data-retention). Some
arrive hours late, so the last complete day is read again.
"""

from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime, time, timedelta

from aad_assets.errors import ConfigurationError

RETENTION_DAYS = 30
"""Days for which Graph keeps events; directory audits only 7 in a tenant without P1."""

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_SECOND = timedelta(seconds=1)
_LAST = ".9999999Z"
"""The last tick of a second in Graph's resolution."""


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


def describe_first_load(asked: date, first_event: date | None) -> str:
    """Return a sentence that says how far back the first load of a log goes, which is as far as Graph kept its events."""
    if first_event is None:
        return f"The first load asked for events from {asked} on, and Graph has none."
    kept = (
        "" if first_event == asked else f" Graph's first event is of {first_event}: it keeps 30 days, and without P1 only 7."
    )
    return f"The first load asked for events from {asked} on.{kept}"


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
    """Return equivalent `$filter`s that select one UTC day, in the order in which to try them."""
    midnight = datetime.combine(day, time(), UTC)
    return _filters(time_property, midnight, midnight + _DAY)


def hour_filters(time_property: str, day: date) -> tuple[tuple[str, ...], ...]:
    """Return for each of the day's 24 hours the same forms of `$filter` as `day_filters`, in the same order."""
    midnight = datetime.combine(day, time(), UTC)
    begins = [midnight + number * _HOUR for number in range(24)]
    return tuple(_filters(time_property, begin, begin + _HOUR) for begin in begins)


def _filters(time_property: str, begin: datetime, end: datetime) -> tuple[str, ...]:
    """Return equivalent `$filter`s for the time from `begin` up to `end`, which is not included.

    The reference names different operators for each log (learn.microsoft.com/graph/api/directoryaudit-list: ge and le;
    /provisioningobjectsummary-list: gt and lt). So far all logs have accepted ge and lt.
    """
    first, after = (f"{_text(moment)}Z" for moment in (begin, end))
    before, last = (f"{_text(moment - _SECOND)}{_LAST}" for moment in (begin, end))
    pairs = (("ge", first, "lt", after), ("ge", first, "le", last), ("gt", before, "lt", after))
    return tuple(f"{time_property} {a} {lower} and {time_property} {b} {upper}" for a, lower, b, upper in pairs)


def _text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}"


def is_over(day: date, now: datetime) -> bool:
    """Return whether `day` has ended in UTC, so that no more events can happen on it."""
    return now >= datetime.combine(day + _DAY, time(), UTC)
