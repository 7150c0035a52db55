"""Throttling: how much an app may request in a while, by family of endpoints (Microsoft Graph's throttling limits).

collections.yaml declares the family and base cost of a collection.
"""

import math
import time
from collections import Counter, deque
from collections.abc import Callable

from .errors import throttled
from .odata import Options

_TENANT_LIMITS = ((50, 3500), (501, 5000), (math.inf, 8000))
_FAMILIES = {
    "reports": (5.0, 10.0),
    "protection": (1.0, 1.0),
    "sign_in_activity": (10.0, 60.0),
    "key_credentials": (150.0, 60.0),
    "identity_providers": (200.0, 60.0),
}
_SILENT = frozenset({"protection"})
"""Families whose 429 carries no Retry-After."""


class Quota:
    """Sliding windows, one per family. `scale` multiplies the limits; None switches them off."""

    def __init__(self, users: int, scale: float | None, clock: Callable[[], float] = time.monotonic) -> None:
        directory = float(next(limit for below, limit in _TENANT_LIMITS if users < below))
        self._limits = {"directory": (directory, 10.0), **_FAMILIES}
        self._scale = scale
        self._clock = clock
        self._windows: dict[str, deque[tuple[float, float]]] = {family: deque() for family in self._limits}
        self._used = dict.fromkeys(self._limits, 0.0)
        self.refused: Counter[str] = Counter()

    def charge(self, family: str, amount: float) -> float:
        """Charge the amount and return the share of the limit now used (0 if off), or raise GraphError 429."""
        if self._scale is None:
            return 0.0
        limit, seconds = self._limits[family]
        limit = max(limit * self._scale, 1.0)
        now, window = self._clock(), self._windows[family]
        while window and window[0][0] <= now - seconds:
            self._used[family] -= window.popleft()[1]
        if window and self._used[family] + amount > limit:
            self.refused[family] += 1
            wait = max(1, math.ceil(window[0][0] + seconds - now))
            raise throttled(None if family in _SILENT else wait)
        window.append((now, amount))
        self._used[family] += amount
        return self._used[family] / limit


def cost(base: int, options: Options) -> int:
    """Return the resource units of a request: $select -1, $expand +1, $top under 20 -1, at least 1."""
    units = base - bool(options.select) + bool(options.expand) - (options.top is not None and options.top < 20)
    return max(1, units)
