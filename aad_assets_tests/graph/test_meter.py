"""The progress line."""

import re

from aad_assets.graph.requests.meter import Meter


def shown(**values: object) -> str:
    return re.sub(r", [\d,]+/s", "", Meter(**values).progress())  # type: ignore[arg-type]


def test_progress_shows_what_is_known() -> None:
    assert shown(rows=43_000, expected=200_000) == "43,000 of 200,000 rows"
    assert shown(rows=7) == "7 rows"
    assert shown(rows=1, expected=200) == "1 of 200 rows"
    assert shown(rows=2, label="2026-11-01 (1 of 8 days)") == "2026-11-01 (1 of 8 days): 2 rows"
    assert shown(rows=12_000, parents=800, parents_expected=4_000) == "12,000 rows, 800 of 4,000 parents"
    assert shown(rows=1, throttled_seconds=61.4) == "1 row, 61 s throttled"


def test_rows_per_second_count_from_the_start() -> None:
    meter = Meter(rows=100)
    meter.started -= 10
    assert 5 < meter.rows_per_second <= 10
