"""How often, and for how long in all, a request is retried.

Source: learn.microsoft.com/graph/throttling.
"""

import random
from dataclasses import dataclass

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
    """Seconds that one request may spend waiting in all, throttling included."""

    def backoff(self, attempt: int) -> float:
        """Return the seconds to wait after the `attempt`-th attempt failed: jitter between half and all of the step."""
        return float(min(self.max_backoff, self.first_backoff * 2 ** (attempt - 1)) * random.uniform(0.5, 1.0))


class RetryBudget:
    """The attempts and waits that one request, or one item of a batch, has left under its retry policy."""

    def __init__(self, policy: RetryPolicy, meter: Meter) -> None:
        self._policy = policy
        self._meter = meter
        self._attempts = 0
        self._counted = 0
        self._waited = 0.0

    def wait_after(self, response: ErrorResponse, retry_after: float | None) -> float:
        """Return the seconds to wait before the next attempt. Raises GraphUnavailable if the budget is used up."""
        self._attempts += 1
        # A Retry-After of 0, or one that a fast clock takes for past, must not cause an endless loop.
        if response.status != 429 or not retry_after:
            self._counted += 1
        wait = retry_after or self._policy.backoff(self._counted)
        if self._counted >= self._policy.attempts or self._waited + wait > self._policy.max_wait:
            attempts = counted(self._attempts, "attempt")
            raise GraphUnavailable(response, f"Gave up after {attempts} and {self._waited:.0f} s of waiting. Reload later")
        self._waited += wait
        self._meter.retries += 1
        return wait
