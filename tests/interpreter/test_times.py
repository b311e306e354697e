"""Times as vendors write them: read back what was written, and never anything but a finite wait."""

import threading
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from koppling.times import LONGEST, seconds

NOW = 1_750_000_000.0
FORMS = (None, "seconds", "milliseconds", "duration", "date", "epoch")


@pytest.mark.parametrize(
    ("value", "form", "found"),
    [
        ("3", None, 3), ("0.5", None, 0.5), (" 7 ", None, 7), ("1e2", None, 100), ("-4", None, 0), ("1_0", None, None), ("٣", None, None),
        ("nan", None, None), ("inf", None, None), ("1e999", None, None), ("9" * 400, None, None), ("", None, None), ("soon", None, None),
        ("250", "milliseconds", 0.25), ("6m0s", "milliseconds", None), ("6m0s", "seconds", None), ("8.64s", "duration", 8.64),
        ("6m0s", None, 360), ("120ms", None, 0.12), ("1h2m3s", None, 3723), ("1d", None, 86_400), ("1m30.5s", None, 90.5), ("500us", None, 0.0005),
        ("500µs", None, 0.0005), ("20", "duration", 20), ("6m0", "duration", None), ("m", "duration", None), ("5 s", "duration", None),
        ("1750000010", "epoch", 10), ("1749999990", "epoch", 0), ("1750000000.25", "epoch", 0.25), ("6m0s", "epoch", None),
        ("Sun, 15 Jun 2025 15:06:50 GMT", None, 10), ("Sunday, 15-Jun-25 15:06:50 GMT", None, 10), ("Sun Jun 15 15:06:50 2025", None, 10),
        ("Sun, 15 Jun 2025 15:06:50 -0000", None, 10), ("Sun, 15 Jun 2025 15:06:30 GMT", None, 0), ("2025-06-15T15:06:50Z", "date", 10),
        ("2025-06-15T17:06:50+02:00", None, 10), ("2025-06-15T15:06:50", "date", 10), ("10", "date", None), ("Sun, 99 Jun 2025 15:06:50 GMT", None, None),
        ("99999999999", None, LONGEST), ("9" * 30, "milliseconds", LONGEST), ("9999d", "duration", 863_913_600), ("99999999d", None, LONGEST), ("1e300", "epoch", LONGEST),
        ("Fri, 31 Dec 9999 23:59:59 -2359", None, LONGEST), ("9999-12-31T23:59:59-23:59", "date", LONGEST), ("Mon, 01 Jan 0001 00:00:00 +2359", None, 0),
        ("Sat, 01 Jan 10000 00:00:00 GMT", None, None), ("Sun, 15 Jun 2025 15:06:50 +99999999999", None, None), ("Sun, 15 Jun 2025 15:06:" + "9" * 30, "date", None),
    ],
)  # fmt: skip
def test_a_time_is_read_in_every_way_that_vendors_write_it(value, form, found, monkeypatch):
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")  # a date without a zone is UTC, wherever this runs
    assert seconds(value, NOW, form) == (None if found is None else pytest.approx(found))


@settings(deadline=None)
@given(st.text() | st.from_regex(r"[-+]?[0-9.eE]{1,12}[dhmsun]{0,3}"), st.floats(0, 1e11), st.sampled_from(FORMS))
def test_whatever_the_text_a_wait_is_none_or_one_that_can_be_waited(value, now, form):
    found = seconds(value, now, form)
    assert found is None or 0 <= found <= LONGEST


def test_the_longest_wait_is_one_that_clocks_take():
    assert LONGEST < threading.TIMEOUT_MAX  # as `time.sleep` has it, too


@settings(deadline=None)
@given(
    st.integers(0, 99), st.integers(0, 59), st.integers(0, 59), st.integers(0, 999), st.sampled_from((None, "duration"))
)
def test_a_duration_is_the_sum_of_its_parts(hours, minutes, whole, thousandths, form):
    text = f"{hours}h{minutes}m{whole}s{thousandths}ms"
    assert seconds(text, NOW, form) == pytest.approx(hours * 3600 + minutes * 60 + whole + thousandths / 1000)


@settings(deadline=None)
@given(st.integers(0, 10**9), st.integers(-23, 23), st.sampled_from((None, "date")))
def test_a_date_is_the_same_moment_in_every_zone(wait, hours, form):
    at = datetime.fromtimestamp(NOW + wait, timezone(timedelta(hours=hours)))
    for text in (format_datetime(at.astimezone(UTC), usegmt=True), format_datetime(at), at.isoformat()):
        assert seconds(text, NOW, form) == wait


@settings(deadline=None)
@given(st.floats(0, 1e9), st.floats(0, 1e9))
def test_seconds_since_1970_are_counted_from_now(now, wait):
    assert seconds(repr(now + wait), now, "epoch") == pytest.approx(wait, abs=1e-6)
