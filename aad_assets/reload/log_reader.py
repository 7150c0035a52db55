"""Reading a log day by day, and a day hour by hour if Graph stops answering in the middle of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from aad_assets.catalog import Entity
from aad_assets.errors import (
    AadAssetsError,
    ConfigurationError,
    EntitySkipped,
    GraphUnavailable,
    InvalidResponse,
    LoadBlocked,
    NotFound,
    PageTokenExpired,
    PermissionMissing,
    RequestRejected,
)
from aad_assets.graph.reading.collections import read_collection
from aad_assets.graph.reading.pagination import Part, Sink
from aad_assets.graph.reading.row_adapters import flatten_links
from aad_assets.graph.reading.select import Selection
from aad_assets.graph.requests.client import GraphClient
from aad_assets.graph.requests.meter import Meter
from aad_assets.reload.log_days import day_filters, hour_filters
from aad_assets.wording import counted

_MAX_SILENT_DAYS = 3
"""Days in a row that fail before Graph returned a row of them. The other days are then not requested."""

_MAX_REASONS = 3
"""Failed days whose reason a message shows."""

_CONCLUSIVE = (PermissionMissing, EntitySkipped, ConfigurationError, NotFound)


@dataclass
class LogReader:
    """Reads the days of one log with the form of `$filter` that Graph accepted before."""

    client: GraphClient
    entity: Entity
    _form: int = 0

    async def read_day(self, day: date, sink: Sink, meter: Meter) -> Selection:
        """Read one UTC day into `sink`. Raises AadAssetsError.

        If Graph gives up after it has returned some rows, the day is read again in hours: a short chain can pass where a long
        one does not. An hour that fails then fails the day.
        """
        assert self.entity.time_property
        forms = day_filters(self.entity.time_property, day)
        for form in (others := [self._form, *(number for number in range(len(forms)) if number != self._form)]):
            try:
                selection = await self._read(forms[form], sink, meter)
            except RequestRejected:
                if form == others[-1]:
                    raise
                await sink.reset()
            except (GraphUnavailable, PageTokenExpired) as error:
                if not meter.rows and isinstance(error, GraphUnavailable):
                    raise
                self._form = form
                await sink.reset()
                return await self._read_hours(day, sink, meter)
            else:
                self._form = form
                return selection
        raise AssertionError("the last form returns or raises")

    async def _read_hours(self, day: date, sink: Sink, meter: Meter) -> Selection:
        label, meter.rows = meter.label, 0
        meter.restarts += 1
        selections: list[Selection] = []
        for number, forms in enumerate(hour_filters(self.entity.time_property or "", day)):
            meter.label = f"{label}, hour {number + 1} of 24"
            selections.append(await self._read(forms[self._form], _HourSink(sink), meter))
            if selections[-1].passes != selections[0].passes:
                raise InvalidResponse(
                    f"{self.entity.table}: Graph accepted other properties for hour {number} of {day}. Reload later."
                )
        meter.label = label
        return selections[0]

    async def _read(self, filter_: str, sink: Sink, meter: Meter) -> Selection:
        return await read_collection(
            self.client, self.entity, meter, sink, filter_=filter_, transform=flatten_links(self.entity)
        )


class _HourSink:
    """The parts of one hour within the rows of its day: when the hour is read again, the other hours stay."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._parts: list[Part] = []

    def part(self, pass_: int = 0, select: Sequence[str] = ()) -> Part:
        part = self._sink.part(pass_, select)
        self._parts.append(part)
        return part

    async def reset(self) -> None:
        for part in self._parts:
            await part.discard()
            await part.close()
        self._parts.clear()


def is_conclusive(error: Exception) -> bool:
    """Return whether every other day of the log would meet the error, too."""
    return isinstance(error, _CONCLUSIVE) or not isinstance(error, AadAssetsError)


@dataclass
class FailedDays:
    """The days of a log that failed in this run, and whether it is worth requesting others."""

    errors: dict[date, Exception] = field(default_factory=dict)
    requested: int = 0
    _silent: int = 0

    def add(self, day: date, error: Exception, *, answered: bool) -> None:
        """Record a day that failed, and if some of it was `answered`. Raises `error` if it is conclusive."""
        if is_conclusive(error):
            raise error
        self.requested += 1
        self.errors[day] = error
        self._silent = 0 if answered else self._silent + 1

    def succeeded(self) -> None:
        """Record that a day was published."""
        self.requested += 1
        self._silent = 0

    @property
    def hopeless(self) -> bool:
        """Return whether the last days failed without any row, so that the others are not requested."""
        return self._silent >= _MAX_SILENT_DAYS

    def raise_if_any(self, days: Sequence[date]) -> None:
        """Raise an error that names the failed ones of `days`, and the last ones if they were not requested."""
        if self.errors:
            raise _summary(self.errors, len(days), days[self.requested :])


def _summary(errors: Mapping[date, Exception], days: int, unread: Sequence[date]) -> AadAssetsError:
    """Return the error for a log of which `errors` and `unread` say the days that are missing, of `days` in all."""
    details = [f"{day}: {str(error).rstrip('.')}." for day, error in list(errors.items())[:_MAX_REASONS]]
    if others := [str(day) for day in list(errors)[_MAX_REASONS:]]:
        details.append(f"Also {', '.join(others)}.")
    if unread:
        span = f"{unread[0]} was" if len(unread) == 1 else f"{len(unread)} days from {unread[0]} to {unread[-1]} were"
        details.append(f"{span} not requested after that.")
    if len(errors) + len(unread) < days:
        details.append("The other days are published.")
    first = next(iter(errors.values()))
    missing, why = f"{len(errors)} of {counted(days, 'day')}", " ".join(details)
    if all(isinstance(error, LoadBlocked) for error in errors.values()) and isinstance(first, LoadBlocked):
        return LoadBlocked(
            first.gate, f"{missing} failed. {why} The next run reads the missing days again.", first.override, first.kept
        )
    return AadAssetsError(f"{missing} failed. {why} The next run reads the missing days again.")
