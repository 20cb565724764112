"""What a run reported, in the lines of its metrics.jsonl: the one reader of them.

A line that no job of ours wrote whole says nothing: the last of a run that was killed, or what is
cut where a part of a file begins or ends. May import `records`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from jupyter_kf.records import Metric


class Line(NamedTuple):
    """One call of `kf.report`; with a reason, what the run does since its cell has ended."""

    values: Mapping[str, float]
    step: int | None
    at_s: float
    progress: float | None
    remaining_s: float | None
    reason: str | None = None

    def points(self) -> list[Metric]:
        """Each of its values."""
        return [Metric(name, value, self.step, self.at_s) for name, value in self.values.items()]


def lines(data: bytes) -> list[Line]:
    """The reports in whole lines; one that is damaged is left out."""
    try:
        told = orjson.loads(b"[" + data.rstrip(b"\n").replace(b"\n", b",") + b"]")
    except orjson.JSONDecodeError:
        told = [_told(raw) for raw in data.splitlines()]
    return [line for one in told if (line := _line(one))]


def _line(told: Any) -> Line | None:
    try:
        values = {name: float(value) for name, value in told["values"].items()}
        more = (told.get(name) for name in ("progress", "remaining_s", "reason"))
        return Line(values, told.get("step"), told["t"], *more)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _told(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return None
