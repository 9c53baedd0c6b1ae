"""Sizes, ages and times as people write and read them. Pure."""

import re
from datetime import UTC, datetime

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_FACTORS = {
    **{f"{prefix}{suffix}": 1024**power for power, prefix in enumerate("KMGTP", 1) for suffix in ("", "iB")},
    **{f"{prefix}B": 1000**power for power, prefix in enumerate("KMGTP", 1)},
    "B": 1,
    "": 1,
}
_DAY = 86400.0
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": _DAY, "w": 7 * _DAY, "mo": 30 * _DAY, "y": 365 * _DAY}
_DURATION_PART = re.compile(r"(\d{1,9})(ms|mo|[smhdwy])")
_DURATION = re.compile(rf"(?:{_DURATION_PART.pattern})+")
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,9})?)\s*%")
_MINUTE, _HOUR = 60.0, 3600.0
_AGES = (
    (2 * _DAY * 365, 365 * _DAY, "year"), (60 * _DAY, 30.44 * _DAY, "month"), (2 * _DAY, _DAY, "day"),
    (_HOUR, _HOUR, "hour"), (_MINUTE, _MINUTE, "minute"),
)  # fmt: skip
"""From which age on it is said in which unit of how many seconds: two digits at most, until it is years."""
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*\Z")


def parse_size(text: str) -> int:
    """Return the bytes of `500MiB`, `1.5G` (binary) or `2GB` (decimal). Raises ValueError.

    >>> parse_size("500MiB"), parse_size("1.5G"), parse_size("2GB"), parse_size("71")
    (524288000, 1610612736, 2000000000, 71)
    """
    match = _SIZE.match(text)
    if match:
        unit = match[2][:1].upper() + match[2][1:].replace("ib", "iB").replace("IB", "iB").replace("b", "B").replace(
            "iB", "iB"
        )
        if unit in _FACTORS:
            return int(float(match[1]) * _FACTORS[unit] + 0.5)
    raise ValueError(f"`{text}` is not a size; write it like 500MiB, 1.5G or 2GB")


def parse_percent(text: str) -> float:
    """Return the percent of `80%`, from 0 to 100. Raises ValueError.

    >>> parse_percent("80%"), parse_percent("2.5 %")
    (80.0, 2.5)
    """
    match = _PERCENT.fullmatch(text.strip())
    if not match or float(match[1]) > 100:
        raise ValueError(f"`{text}` is not a share; write it like 80%")
    return float(match[1])


def format_size(size_bytes: int | None) -> str:
    """Return a size in at most three digits and a binary unit.

    >>> format_size(0), format_size(71), format_size(524288000), format_size(7580370903687), format_size(-2048)
    ('0 B', '71 B', '500 MiB', '6.89 TiB', '-2.00 KiB')
    """
    if size_bytes is None:
        return "unknown"
    value, unit = float(abs(size_bytes)), 0
    while value >= 999.5 and unit < len(_UNITS) - 1:
        value /= 1024
        unit += 1
    digits = 0 if unit == 0 or value >= 99.95 else 1 if value >= 9.995 else 2
    return f"{'-' if size_bytes < 0 else ''}{value:.{digits}f} {_UNITS[unit]}"


def parse_seconds(text: str) -> float:
    """Return the seconds of `30s`, `1h30m` or `2w`; a bare 0 is none. Raises ValueError.

    The units are ms, s, m (a minute), h, d, w, mo (30 days) and y (365 days), wherever a time is written.

    >>> parse_seconds("30s"), parse_seconds("1h30m"), parse_seconds("500ms"), parse_seconds("6mo"), parse_seconds("0")
    (30.0, 5400.0, 0.5, 15552000.0, 0.0)
    """
    if text == "0":
        return 0.0
    if not _DURATION.fullmatch(text):
        raise ValueError(f"`{text}` is not a time; write it like 30s, 5m or 1h30m")
    return sum(int(count) * _SECONDS[unit] for count, unit in _DURATION_PART.findall(text))


def format_time(moment: datetime | None) -> str:
    """Return a time to the minute; it is UTC."""
    return "" if moment is None else moment.strftime("%Y-%m-%d %H:%M")


def format_age(moment: datetime, now: datetime) -> str:
    """Return how long ago a time was, in its largest unit; of what is to come, in how long. A time without a zone is UTC.

    >>> now = datetime(2026, 11, 29, 12)
    >>> [format_age(datetime(*at), now) for at in ((2026, 3, 20), (2026, 11, 27), (2026, 11, 29, 11), (2026, 11, 30))]
    ['8 months ago', '2 days ago', '1 hour ago', 'in 12 hours']
    """
    seconds = (_in_utc(now) - _in_utc(moment)).total_seconds()
    for least, unit_seconds, unit in _AGES:
        if abs(seconds) >= least:
            count = int(abs(seconds) / unit_seconds)
            text = f"{count} {unit}{'' if count == 1 else 's'}"
            return f"{text} ago" if seconds > 0 else f"in {text}"
    return "just now"


def _in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
