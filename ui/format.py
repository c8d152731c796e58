"""The one place that turns numbers, durations, sizes, times and people's own text into words."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime

import streamlit as st
from babel.dates import format_date, get_timezone
from babel.numbers import format_decimal, format_percent

from ui.catalogues import _, current_language

_SIZES = ("kB", "MB", "GB", "TB")
_MARKDOWN = re.compile(
    r"[\\`*\[\]$~]|(?<![0-9A-Za-z])_|_(?![0-9A-Za-z])|:(?=[\w+-]+:)|(?<=\S):(?=\w+/)"
)


def number(value: float, digits: int | None = None) -> str:
    """A number with thousands separators.

    ``digits`` is how many digits follow the decimal point; without it, whole numbers have none
    and others keep three significant digits.
    """
    if digits is None:
        whole = isinstance(value, int) or float(value).is_integer()
        pattern = "#,##0" if whole or abs(value) >= 100 else "@##"
    else:
        pattern = "#,##0" + ("." + "0" * digits if digits else "")
    return format_decimal(value, format=pattern, locale=current_language())


def percent(share: float, digits: int = 0) -> str:
    """A share between 0 and 1 in percent."""
    pattern = "#,##0" + ("." + "0" * digits if digits else "") + "%"
    return format_percent(share, format=pattern, locale=current_language())


def size(amount: int) -> str:
    """An amount of bytes in the unit that suits it (1 kB is 1,000 bytes)."""
    if amount < 1000:
        return _("{amount} bytes").format(amount=number(amount))
    value = float(amount)
    for unit in _SIZES:
        value /= 1000
        if value < 999.5 or unit == _SIZES[-1]:
            break
    return f"{number(value, 1 if value < 10 else 0)} {unit}"


def duration(seconds: float) -> str:
    """A time span in the two largest units that matter, such as "1 min 20 s"."""
    if seconds < 9.95:
        return _("{seconds} s").format(seconds=number(max(round(seconds, 1), 0.0)))
    whole = round(seconds)
    if whole < 60:
        return _("{seconds} s").format(seconds=whole)
    if whole < 3600:
        return _two(_("{minutes} min"), _("{minutes} min {seconds} s"), whole // 60, whole % 60)
    whole_minutes = round(seconds / 60)
    if whole_minutes < 24 * 60:
        return _two(
            _("{hours} h"), _("{hours} h {minutes} min"), whole_minutes // 60, whole_minutes % 60
        )
    hours = round(seconds / 3600)
    return _two(_("{days} d"), _("{days} d {hours} h"), hours // 24, hours % 24)


def rough_duration(seconds: float) -> str:
    """An estimated time span, no more exact than an estimate can be."""
    steps = ((10, 1), (60, 5), (600, 10), (math.inf, 60))
    step = next(step for limit, step in steps if seconds < limit)
    return duration(max(step, round(seconds / step) * step))


def moment(iso: str) -> str:
    """A time of the workspace (ISO 8601, UTC) as date and time of the reader's own clock."""
    time = datetime.fromisoformat(iso)
    if time.tzinfo is None:
        time = time.replace(tzinfo=UTC)
    try:
        zone = get_timezone(st.context.timezone or None)
    except LookupError:
        zone = get_timezone(None)
    local = time.astimezone(zone)
    return f"{format_date(local, locale=current_language())} {local:%H:%M}"


def verbatim(text: str) -> str:
    """``text`` that somebody else wrote, so that Markdown shows it letter by letter."""
    return _MARKDOWN.sub(lambda match: "\\" + match.group(), text)


def _two(large_only: str, both: str, large: int, small: int) -> str:
    template = both if small else large_only
    names = re.findall(r"{(\w+)}", both)
    return template.format(**dict(zip(names, (large, small), strict=True)))
