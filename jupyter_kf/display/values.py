"""Numbers, plain values and columns of a profile, in a few characters. Pure; standard library."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

_MOST_VALUES = 4
_LONGEST = 60
_BARS = " ▁▂▃▄▅▆▇"


def number(value: float) -> str:
    """Four significant digits, as tables show them."""
    if not math.isfinite(value):
        return str(value)
    return f"{value:,.0f}" if value == int(value) and abs(value) < 1e15 else f"{value:.4g}"


def plain(value: Any) -> str:
    """A value as a table cell; nothing for None, and lists without their brackets."""
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return ", ".join(map(plain, value))
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={plain(one)}" for key, one in value.items())
    if isinstance(value, float):
        return number(value)
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def moment(unix_s: float) -> str:
    """2026-11-28 05:31 UTC: the same in every language, in another year, on another machine.

    What is saved in a notebook or printed is read anywhere, later; only a live page may write
    dates as its reader does.
    """
    return datetime.fromtimestamp(unix_s).astimezone().strftime("%Y-%m-%d %H:%M %Z")


def shortened(value: Any) -> str:
    """A value's text, its end cut off where it is long."""
    text = str(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."


def nulls(column: Mapping[str, Any], rows: int) -> str:
    """How many of a column's rows are null, and their share."""
    count = column.get("nulls", 0)
    return f"{count:,} ({count / rows:.1%})" if count and rows else "0"


def type_word(kind: str) -> str:
    """A column's type without what only the file format cares about; as the pages say it."""
    kind = re.sub(r"^dictionary<values=([^,]+),.*$", r"\1", kind)
    return "string" if kind in ("large_string", "string_view", "utf8") else kind


def spread(column: Mapping[str, Any]) -> str:
    """What values a column has: its ends, or the most frequent."""
    if column.get("first"):
        return f"{column['first']} to {column['last']}"
    if column.get("min") is not None:
        return f"{plain(column['min'])} to {plain(column['max'])}"
    if "true" in column:
        return f"{column['true']:,} true"
    top = column.get("top") or []
    shown = ", ".join(str(entry["value"]) for entry in top[:_MOST_VALUES])
    more = column.get("distinct", len(top)) - _MOST_VALUES
    return f"{shown} and {more:,} more" if more > 0 else shown


def histogram(column: Mapping[str, Any]) -> str:
    """A histogram in one line; the tallest bar is full."""
    counts = (column.get("histogram") or {}).get("counts") or [
        entry["count"] for entry in (column.get("top") or [])[:20]
    ]
    most = max(counts, default=0)
    return "".join(_BARS[math.ceil(7 * n / most) if n else 0] for n in counts) if most else ""
