"""Times as platforms write them."""

from __future__ import annotations

from datetime import datetime, timezone
from zoneinfo import ZoneInfo

import pytest

from grader.classroom.collecting.times import read_time

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Wednesday, 10 June 2026, 2:14 PM", (2026, 6, 10, 12, 14)),
        ("Wednesday, 23 September 2020, 09:00", (2020, 9, 23, 7, 0)),
        ("Wednesday, September 23, 2020, 9:00 PM", (2020, 9, 23, 19, 0)),
        ("Freitag, 20. November 2026, 23:59", (2026, 11, 20, 22, 59)),
        ("Thursday, 1 January 2026, 12:05 AM", (2025, 12, 31, 23, 5)),
        ("2026年11月20日 星期五 23:59", (2026, 11, 20, 22, 59)),
        ("2026年06月10日 下午2:14", (2026, 6, 10, 12, 14)),
        ("2026-06-10 14:14:30", (2026, 6, 10, 12, 14, 30)),
        ("2026-06-10T14:14:00Z", (2026, 6, 10, 14, 14)),
        ("2026/6/10 14:14", (2026, 6, 10, 12, 14)),
    ],
)
def test_is_read(text: str, expected: tuple[int, ...]) -> None:
    assert read_time(text, BERLIN) == datetime(*expected, tzinfo=timezone.utc)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    "text", ["", "-", "never", "31 Foo 2026, 9:00", "2026年13月40日 99:99", "1" * 5000, "9:00"]
)
def test_is_no_time(text: str) -> None:
    assert read_time(text, None) is None


def test_without_a_zone_it_is_this_machines() -> None:
    found = read_time("2026-06-10 14:14", None)
    assert found == datetime(2026, 6, 10, 14, 14).astimezone()
