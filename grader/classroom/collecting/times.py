"""When something was handed in, as platforms write it: read, where it can be read at all.

Moodle writes times out in the language and the zone of whoever asked ("Wednesday, 10 June 2026,
2:14 PM"; "2026年6月10日 星期三 14:14"), so what is no known form is no time.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime, tzinfo

_MONTHS = {
    name: number
    for names in (
        "january february march april may june july august september october november december",
        "januar februar märz april mai juni juli august september oktober november dezember",
        "jan feb mar apr may jun jul aug sep oct nov dec",
    )
    for number, name in enumerate(names.split(), 1)
}
_DAY_FIRST = re.compile(r"(?P<d>\d{1,2})\.? +(?P<m>[^\W\d_]+)\.?,? +(?P<y>\d{4})")
_MONTH_FIRST = re.compile(r"(?P<m>[^\W\d_]+)\.? +(?P<d>\d{1,2}),? +(?P<y>\d{4})")
_CHINESE = re.compile(r"(?P<y>\d{4})年 *(?P<m>\d{1,2})月 *(?P<d>\d{1,2})[日号]")
_NUMERIC = re.compile(r"(?P<y>\d{4})[-/](?P<m>\d{1,2})[-/](?P<d>\d{1,2})")
_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?")
_CLOCK = re.compile(
    r"(?P<half>上午|下午|晚上|中午|凌晨)? *(?<!\d)(?P<h>\d{1,2}):(?P<min>\d{2})(?::(?P<s>\d{2}))?"
    r" *(?P<ampm>[ap]\.?m\b)?",
    re.IGNORECASE,
)


def in_zone(naive: datetime, zone: tzinfo | None) -> datetime:
    """Return a time without a zone in one; None is this machine's."""
    return naive.astimezone() if zone is None else naive.replace(tzinfo=zone)


def read_time(text: str, zone: tzinfo | None) -> datetime | None:
    """Return a time that a platform wrote, or None; ``zone`` is that of times without one."""
    plain = " ".join(unicodedata.normalize("NFKC", text[:100]).split())
    try:
        if _ISO.fullmatch(plain):
            exact = datetime.fromisoformat(plain.replace("Z", "+00:00"))
            return exact if exact.tzinfo else in_zone(exact, zone)
        naive = _read(plain)
        return in_zone(naive, zone) if naive else None
    except (ValueError, OverflowError, OSError):
        return None


def _read(text: str) -> datetime | None:
    patterns = (_CHINESE, _NUMERIC, _DAY_FIRST, _MONTH_FIRST)
    date = next((found for p in patterns if (found := p.search(text))), None)
    if date is None:
        return None
    month = int(date["m"]) if date["m"].isdigit() else _MONTHS.get(date["m"].casefold(), 0)
    clock = _CLOCK.search(text, date.end()) or _CLOCK.search(text[: date.start()])
    if clock is None:
        return None
    hour = int(clock["h"])
    half = (clock["ampm"] or clock["half"] or "").casefold()
    if half:
        late = half.startswith("p") or half in ("下午", "晚上", "中午")
        hour = hour % 12 + (12 if late and not (half == "中午" and hour == 11) else 0)
    return datetime(
        int(date["y"]), month, int(date["d"]), hour, int(clock["min"]), int(clock["s"] or 0)
    )
