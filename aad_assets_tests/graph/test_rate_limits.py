"""Rate limits: never exceeded in any window, granted in order, paused on request."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aad_assets.catalog import Family
from aad_assets.graph.requests.rate_limits import RateLimit, RateLimits, resource_units
from aad_assets_tests.fake_graph import Clock, run

TAKES = st.lists(st.tuples(st.floats(0, 30), st.integers(1, 60)), min_size=1, max_size=120)
"""Seconds since the last take, and the units of this one."""

Grant = tuple[float, float]


async def grants(bucket: RateLimit, clock: Clock, takes: Sequence[tuple[float, float]]) -> list[Grant]:
    """Make the takes one after the other, and return when each was granted."""
    granted: list[Grant] = []
    for gap, units in takes:
        clock.time += gap
        await bucket.take(units)
        granted.append((clock.time, units))
    return granted


def most_in_a_window(granted: Sequence[Grant], period: float) -> float:
    """Return the most units in any window of the period's length, ignoring rounding errors."""
    return max(sum(units for time, units in granted if start <= time < start + period - 1e-6) for start, _ in granted)


@given(limit=st.integers(120, 8_000), period=st.sampled_from([1.0, 10.0, 60.0]), takes=TAKES)
@example(limit=350, period=10.0, takes=[(0.0, 60)] * 60)
@example(limit=120, period=10.0, takes=[(0.0, 1), (0.0, 60)] * 30)
def test_no_window_ever_exceeds_the_limit(limit: int, period: float, takes: list[tuple[float, int]]) -> None:
    clock = Clock()
    bucket = RateLimit(limit, period, largest=60, clock=clock.now, sleep=clock.sleep)
    assert most_in_a_window(run(grants(bucket, clock, takes)), period) <= limit


@given(takes=TAKES, pauses=st.lists(st.tuples(st.integers(0, 119), st.floats(0, 100)), max_size=5))
def test_no_window_exceeds_the_limit_after_pauses(takes: list[tuple[float, int]], pauses: list[tuple[int, float]]) -> None:
    async def main() -> list[Grant]:
        granted: list[Grant] = []
        for number, take in enumerate(takes):
            for seconds in (seconds for place, seconds in pauses if place == number):
                bucket.pause(seconds)
            granted += await grants(bucket, clock, [take])
        return granted

    clock = Clock()
    bucket = RateLimit(3_500, 10.0, largest=60, clock=clock.now, sleep=clock.sleep)
    assert most_in_a_window(run(main()), 10.0) <= 3_500


def test_a_busy_bucket_grants_nearly_all_of_the_limit() -> None:
    clock = Clock()
    bucket = RateLimit(3_500, 10.0, largest=60, clock=clock.now, sleep=clock.sleep)
    granted = run(grants(bucket, clock, [(0.0, 40)] * 2_000))
    assert granted[-1][0] - 1000 < 1.15 * (2_000 * 40 / 350)


def test_an_idle_bucket_grants_at_once() -> None:
    clock = Clock()
    bucket = RateLimit(3_500, 10.0, largest=60, clock=clock.now, sleep=clock.sleep)
    assert [time for time, _ in run(grants(bucket, clock, [(0.0, 60)] * 4))] == [1000.0] * 4


def test_a_pause_also_applies_to_tasks_that_are_already_waiting() -> None:
    clock = Clock()
    bucket = RateLimit(10, 10.0, clock=clock.now, sleep=clock.sleep)

    async def main() -> list[float]:
        times: list[float] = []

        async def take() -> None:
            await bucket.take(5)
            times.append(clock.time)

        first, second = asyncio.create_task(take()), asyncio.create_task(take())
        await first
        bucket.pause(100)
        await second
        return times

    assert run(main()) == [pytest.approx(1000), pytest.approx(1100)]


def test_a_shorter_pause_does_not_end_a_longer_one() -> None:
    clock = Clock()
    bucket = RateLimit(1_000, 10.0, clock=clock.now, sleep=clock.sleep)
    bucket.pause(100)
    bucket.pause(1)
    assert run(bucket.take(1)) == pytest.approx(100)


def test_units_are_granted_in_the_order_of_the_requests() -> None:
    clock = Clock()
    bucket = RateLimit(20, 10.0, largest=10, clock=clock.now, sleep=clock.sleep)

    async def main() -> list[int]:
        order: list[int] = []

        async def take(number: int) -> None:
            await bucket.take(10 if number % 2 else 1)
            order.append(number)

        await asyncio.gather(*(take(number) for number in range(30)))
        return order

    assert run(main()) == list(range(30))


def test_no_task_overtakes_one_that_waits() -> None:
    clock, gate = Clock(), asyncio.Event()

    async def sleep(seconds: float) -> None:
        await gate.wait()
        clock.time += seconds

    bucket = RateLimit(10, 10.0, clock=clock.now, sleep=sleep)

    async def main() -> list[str]:
        order: list[str] = []

        async def take(name: str) -> None:
            await bucket.take(5)
            order.append(name)

        await take("first")
        waiting = asyncio.create_task(take("second"))
        await asyncio.sleep(0)
        clock.time += 100  # The second may continue, but has not noticed yet.
        late = asyncio.create_task(take("third"))
        for _ in range(5):
            await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(waiting, late)
        return order

    assert run(main()) == ["first", "second", "third"]


def test_a_task_that_is_cancelled_while_waiting_spends_nothing_and_delays_nobody() -> None:
    clock = Clock()
    bucket = RateLimit(10, 10.0, clock=clock.now, sleep=clock.sleep)

    async def main() -> float:
        await bucket.take(9)
        waiting = asyncio.create_task(bucket.take(9))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        return await bucket.take(1)

    assert run(main()) <= 10


def _spent(rate_limits: RateLimits, family: Family, units: float, takes: int) -> float:
    """Return the seconds that the takes need in all, on a fake clock."""
    clock = Clock()
    for bucket in rate_limits._buckets.values():
        bucket._clock, bucket._sleep = clock.now, clock.sleep

    async def main() -> None:
        for _ in range(takes):
            await rate_limits.take(family, units)

    run(main())
    return clock.time - 1000


@pytest.mark.parametrize(
    ("users", "limit"), [(1, 3_500), (49, 3_500), (50, 5_000), (500, 5_000), (501, 8_000), (300_000, 8_000)]
)
def test_the_directory_limit_grows_with_the_tenant(users: int, limit: int) -> None:
    rate_limits = RateLimits()
    rate_limits.set_tenant_size(users)
    assert _spent(rate_limits, Family.DIRECTORY, 50, 2_000) == pytest.approx(100_000 / (limit / 10) / 0.9, rel=0.02)


def test_the_smallest_limit_applies_until_the_tenants_size_is_known() -> None:
    assert _spent(RateLimits(), Family.DIRECTORY, 50, 2_000) == pytest.approx(100_000 / 350 / 0.9, rel=0.02)


def test_key_credentials_have_150_requests_a_minute() -> None:
    assert _spent(RateLimits(), Family.KEY_CREDENTIALS, 1, 600) == pytest.approx(600 / 2.5 / 0.9, rel=0.05)


@pytest.mark.parametrize("share", [0.5, 2.0])
def test_the_share_scales_every_limit(share: float) -> None:
    small, whole = RateLimits(share), RateLimits()
    small.set_tenant_size(1_000)
    whole.set_tenant_size(1_000)
    for family, units in ((Family.DIRECTORY, 50), (Family.KEY_CREDENTIALS, 1)):
        ratio = _spent(whole, family, units, 2_000) / _spent(small, family, units, 2_000)
        assert ratio == pytest.approx(share, rel=0.05)


def test_families_do_not_wait_for_each_other() -> None:
    rate_limits = RateLimits()
    rate_limits.pause(Family.KEY_CREDENTIALS, 500)
    assert _spent(rate_limits, Family.DIRECTORY, 1, 1) == 0


@pytest.mark.parametrize(
    ("path", "options", "units"),
    [
        ("/users", {}, 2),
        ("/users", {"select": True}, 1),
        ("/users", {"select": True, "expand": True}, 2),
        ("/users", {"expand": True}, 3),
        ("/users", {"top": 5}, 1),
        ("/users", {"top": 19}, 1),
        ("/users", {"top": 20}, 2),
        ("/users", {"top": 999}, 2),
        ("/users", {"select": True, "top": 5}, 1),
        ("/applications", {}, 2),
        ("/oauth2PermissionGrants", {}, 2),
        ("/subscribedSkus", {}, 3),
        ("/subscribedSkus", {"select": True}, 2),
        ("/contracts", {}, 3),
        ("/groups/{id}/members", {}, 3),
        ("/groups/{id}/members", {"select": True, "top": 999}, 2),
        ("/groups/{id}/owners", {}, 1),
        ("/groups", {"select": True, "top": 1}, 1),
        ("/devices", {}, 1),
    ],
)
def test_resource_units_are_those_of_microsofts_table(path: str, options: dict[str, int], units: int) -> None:
    assert resource_units(path, **options) == units  # type: ignore[arg-type]
