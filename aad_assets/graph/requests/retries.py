"""How often, and for how long in all, a request is retried.

Source: learn.microsoft.com/graph/throttling.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from aad_assets.errors import ErrorResponse, GraphUnavailable
from aad_assets.graph.requests.meter import Meter
from aad_assets.wording import counted


@dataclass(frozen=True)
class RetryPolicy:
    """How long to treat a fault as transient."""

    attempts: int = 8
    """Attempts at one request. Attempts that Graph throttled with a Retry-After do not count."""
    first_backoff: float = 0.5
    """Seconds before the first retry; doubled for each further one, with jitter."""
    max_backoff: float = 30.0
    max_wait: float = 600.0
    """Seconds from the first attempt in which another one may start, however they were spent: waiting, throttled, or on
    responses that came slowly."""

    def backoff(self, attempt: int) -> float:
        """Return the seconds to wait after the `attempt`-th attempt failed: jitter between half and all of the step."""
        return float(min(self.max_backoff, self.first_backoff * 2 ** (attempt - 1)) * random.uniform(0.5, 1.0))


class RetryBudget:
    """The attempts and the time that one request, or one item of a batch, has left under its retry policy.

    The time starts with the first attempt that fails, or with `start`.
    """

    def __init__(self, policy: RetryPolicy, meter: Meter, *, clock: Callable[[], float] = monotonic) -> None:
        self._policy = policy
        self._meter = meter
        self._clock = clock
        self._started: float | None = None
        self._attempts = 0
        self._counted = 0
        self._waited = 0.0

    def start(self) -> None:
        """Start the time, unless it has started: the first attempt is sent now."""
        if self._started is None:
            self._started = self._clock()

    def wait_after(self, response: ErrorResponse, retry_after: float | None) -> float:
        """Return the seconds to wait before the next attempt. Raises GraphUnavailable if the budget is used up."""
        self.start()
        self._attempts += 1
        # A Retry-After of 0, or one that a fast clock takes for past, must not cause an endless loop.
        if response.status != 429 or not retry_after:
            self._counted += 1
        wait = retry_after or self._policy.backoff(self._counted)
        # Waits of which a request is not aware pass, too: others may have extended the pause.
        spent = max(self._waited, self._clock() - (self._started or 0.0))
        if self._counted >= self._policy.attempts or spent + wait > self._policy.max_wait:
            attempts = counted(self._attempts, "attempt")
            is_too_long = self._counted < self._policy.attempts and wait > spent
            because = f", because Graph asked to wait for {wait:,.0f} s more" if is_too_long else ""
            raise GraphUnavailable(response, f"Gave up after {attempts} and {spent:.0f} s of waiting{because}. Reload later")
        self._waited += wait
        self._meter.retries += 1
        return wait
