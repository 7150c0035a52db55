"""Rate limits: a token bucket for each throttling family, and what a request costs.

Source of the figures: learn.microsoft.com/graph/throttling-limits.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterable
from time import monotonic

from aad_assets.catalog import Family

# Number of requests or resource units, and the period in seconds that the number applies to. Families without an entry have
# no documented number. They only pause after a 429.
_DIRECTORY_BY_USERS = ((50, 3_500), (501, 5_000))
_DIRECTORY_LARGE = 8_000
_LIMITS: dict[Family, tuple[float, float]] = {
    Family.DIRECTORY: (_DIRECTORY_BY_USERS[0][1], 10.0),
    Family.KEY_CREDENTIALS: (150, 60.0),
    Family.REPORTS: (5, 10.0),
    Family.PROTECTION: (1, 1.0),
    Family.SIGN_IN_ACTIVITY: (10, 60.0),
    Family.IDENTITY_PROVIDERS: (200, 60.0),
    Family.SECURITY: (150, 60.0),
}

# A bucket refills at nine tenths of the limit or less, and its burst is the remainder less the largest request. So no window
# of the period's length ever exceeds the limit, wherever the server's windows start. (With a share so small that one request
# is more than half of the limit, that request can exceed the share, but never the tenant's quota.)
_REFILL = 0.9
_LARGEST_BATCH = 60.0

_BASE_UNITS = {
    "/users": 2,
    "/applications": 2,
    "/applications/{id}/extensionProperties": 2,
    "/oauth2PermissionGrants": 2,
    "/subscribedSkus": 3,
    "/contracts": 3,
    "/groups/{id}/members": 3,
}


def resource_units(path: str, *, select: bool = False, expand: bool = False, top: int | None = None) -> int:
    """Return the resource units of a GET on a path template of the directory family; at least 1."""
    base = _BASE_UNITS.get(path, 1)
    return max(1, base - select + expand - (top is not None and top < 20))


class RateLimit:
    """Grants at most `limit` units in any `period` seconds, first come, first served."""

    def __init__(
        self,
        limit: float = math.inf,
        period: float = 1.0,
        *,
        largest: float = 1.0,
        clock: Callable[[], float] = monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Create a bucket; without a limit it only pauses. `largest` is the most units that one `take` may ask for."""
        self._clock = clock
        self._sleep = sleep
        self._largest = largest
        self._turn = asyncio.Lock()
        self._paused_until = 0.0
        self._spent_until = 0.0
        """The time at which all units granted so far will have been refilled."""
        self.set_limit(limit, period)

    def set_limit(self, limit: float, period: float) -> None:
        """Change the limit; units that are already granted stay spent."""
        if math.isinf(limit):
            self._rate, self._burst_seconds = math.inf, 0.0
            return
        if self._largest == 1:
            # Requests that cost 1 each: a window holds one more than the whole requests that are refilled in it.
            refill = _REFILL * max(math.floor(limit), min(limit, 1))
            burst = limit - math.floor(refill) - 1
        else:
            refill = max(min(_REFILL * limit, limit - self._largest), limit / 2)
            burst = limit - refill - self._largest
        self._rate = refill / period
        self._burst_seconds = max(0.0, burst) / self._rate

    def pause(self, seconds: float) -> None:
        """Grant nothing for `seconds` from now, because Graph sent a Retry-After."""
        self._paused_until = max(self._paused_until, self._clock() + seconds)

    async def take(self, units: float) -> float:
        """Wait until `units` may be spent. Return the seconds waited."""
        started = self._clock()
        async with self._turn:
            while (wait := max(self._paused_until, self._spent_until - self._burst_seconds) - self._clock()) > 0:
                await self._sleep(wait)
            self._spent_until = max(self._spent_until, self._clock()) + units / self._rate
        return self._clock() - started


class RateLimits:
    """The rate limits of one app in one tenant; `share` is the part of them that it may use."""

    def __init__(self, share: float = 1.0) -> None:
        self._share = share
        self._buckets = {family: RateLimit() for family in Family} | {
            family: RateLimit(limit * share, period, largest=_LARGEST_BATCH if family is Family.DIRECTORY else 1.0)
            for family, (limit, period) in _LIMITS.items()
        }

    def set_tenant_size(self, users: int) -> None:
        """Adjust the limit of the directory family, which depends on the number of users."""
        limit = next((units for below, units in _DIRECTORY_BY_USERS if users < below), _DIRECTORY_LARGE)
        self._buckets[Family.DIRECTORY].set_limit(limit * self._share, 10.0)

    def counts_requests(self, family: Family) -> bool:
        """Return whether the quota of `family` is a number of requests, so small that a batch of 20 would exceed it."""
        return family in _LIMITS and family is not Family.DIRECTORY

    def pause(self, family: Family, seconds: float) -> None:
        """Grant nothing to `family` for `seconds` from now."""
        self._buckets[family].pause(seconds)

    def pause_all(self, families: Iterable[Family], seconds: float) -> None:
        """Grant nothing to any of `families` for `seconds` from now."""
        for family in families:
            self.pause(family, seconds)

    async def take(self, family: Family, units: float) -> float:
        """Wait until `family` may spend `units`: resource units for the directory, otherwise requests.

        Return the seconds waited.
        """
        return await self._buckets[family].take(units)
