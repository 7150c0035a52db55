"""Throttling: how much an app may request in a while, by family of endpoints (quota.yaml).

collections.yaml declares the family and base cost of a collection.
"""

import math
import time
from collections import Counter, deque
from collections.abc import Callable

from ..data import table
from .errors import throttled
from .odata import Options

_TABLE = table(__package__, "quota")
_FAMILIES: dict[str, dict[str, float]] = _TABLE["families"]


class Quota:
    """Sliding windows, one per family. `scale` multiplies the limits; None switches them off."""

    def __init__(self, users: int, scale: float | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._tenant: float = next(limit for below, limit in _TABLE["tenant_limits"] if users < below)
        self._scale, self._clock = scale, clock
        self._windows: dict[str, deque[tuple[float, float]]] = {family: deque() for family in _FAMILIES}
        self._used = dict.fromkeys(_FAMILIES, 0.0)
        self.refused: Counter[str] = Counter()

    def charge(self, family: str, amount: float) -> float:
        """Charge the amount and return the share of the limit now used (0 if off), or raise GraphError 429."""
        if self._scale is None:
            return 0.0
        seconds = _FAMILIES[family]["seconds"]
        limit = max(_FAMILIES[family].get("limit", self._tenant) * self._scale, 1.0)
        now, window = self._clock(), self._windows[family]
        while window and window[0][0] <= now - seconds:
            self._used[family] -= window.popleft()[1]
        if window and self._used[family] + amount > limit:
            self.refused[family] += 1
            wait = max(1, math.ceil(window[0][0] + seconds - now))
            raise throttled(None if "silent" in _FAMILIES[family] else wait)
        window.append((now, amount))
        self._used[family] += amount
        return self._used[family] / limit


def cost(base: int, options: Options) -> int:
    """Return the resource units of a request: $select -1, $expand +1, $top under 20 -1, at least 1."""
    units = base - bool(options.select) + bool(options.expand) - (options.top is not None and options.top < 20)
    return max(1, units)
