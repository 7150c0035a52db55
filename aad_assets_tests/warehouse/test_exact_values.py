"""Numbers and instants in one spelling: equal spelling if, and only if, the values are equal."""

import re
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from aad_assets.warehouse.database.exact_values import decimal, instant_spelling, number_spelling

INTEGERS = st.integers(-(10**25), 10**25)
NUMBERS = st.builds(
    "{}{}{}".format,
    INTEGERS,
    st.one_of(st.just(""), st.from_regex(r"\.[0-9]{1,25}", fullmatch=True)),
    st.one_of(st.just(""), st.from_regex(r"[eE][+-]?[0-9]{1,3}", fullmatch=True)),
)
MOMENTS = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31))
OFFSETS = st.integers(-23 * 60 - 59, 23 * 60 + 59)


@settings(max_examples=300)
@given(NUMBERS)
def test_a_number_keeps_its_value(text: str) -> None:
    assert Decimal(number_spelling(text)) == Decimal(text)
    assert re.fullmatch(r"-?(0|[1-9]\d*)(\.\d*[1-9])?(e-?\d+)?", number_spelling(text))


@settings(max_examples=300)
@given(NUMBERS, st.integers(0, 30))
def test_equal_numbers_have_one_spelling(text: str, zeros: int) -> None:
    sign, digits, exponent = Decimal(text).as_tuple()
    other = f"{'-' * sign}{''.join(map(str, digits))}{'0' * zeros}e{int(exponent) - zeros}"
    assert number_spelling(other) == number_spelling(text)


@settings(max_examples=300)
@given(NUMBERS)
def test_a_decimal_is_a_double_only_if_that_says_the_same(text: str) -> None:
    number = decimal(text)
    shown = [repr(number), f"{number:.17g}"] if isinstance(number, float) else [str(number)]
    assert Decimal(text) in map(Decimal, shown)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_double_stays_a_double(number: float) -> None:
    for text in (repr(number), f"{number:.17g}"):
        assert decimal(text if "." in text or "e" in text else f"{text}.0") == number
        assert isinstance(decimal(text), float)


@settings(max_examples=300)
@given(MOMENTS, OFFSETS, OFFSETS, st.integers(0, 4), st.booleans())
def test_an_instant_has_one_spelling_in_every_offset(moment: datetime, one: int, two: int, zeros: int, lower: bool) -> None:
    def written(minutes: int) -> str:
        text = moment.replace(tzinfo=UTC).astimezone(timezone(timedelta(minutes=minutes))).isoformat(timespec="microseconds")
        return text.replace("+00:00", "Z") if minutes == 0 else text

    other = re.sub(r"(\.\d+)", rf"\g<1>{'0' * zeros}", written(two))
    assert instant_spelling(written(one)) is not None
    assert instant_spelling(written(one)) == instant_spelling(other.lower() if lower else other)
    later = re.sub(r"(\.\d+)", r"\g<1>0000001", written(two))
    assert instant_spelling(later) not in (None, instant_spelling(written(one)))
