"""The line of progress."""

import re

from aad_assets.graph.requests.meter import Meter


def shown(**values: object) -> str:
    return re.sub(r", [\d,]+/s", "", Meter(**values).progress())  # type: ignore[arg-type]


def test_progress_tells_what_is_known() -> None:
    assert shown(rows=43_000, expected=200_000) == "43,000 of 200,000 rows"
    assert shown(rows=7) == "7 rows"
    assert shown(rows=12_000, parents=800, parents_expected=4_000) == "12,000 rows, 800 of 4,000 parents"
    assert shown(rows=1, throttled_seconds=61.4) == "1 rows, 61 s throttled"


def test_rows_per_second_are_counted_from_the_start() -> None:
    meter = Meter(rows=100)
    meter.started -= 10
    assert 5 < meter.rows_per_second <= 10
