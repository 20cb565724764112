"""What a run reported, from a byte of its file on: lines, and pages of them. For threads.

Where a page ended is a byte, so the next one costs what it holds, however long the file is; a
reader that keeps the number can go on after any restart. May import `layout`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from jupyter_kf.layout import RunFolder
from jupyter_kf.records import Metric
from jupyter_kf.server.answers import MetricPage

MOST_POINTS = 50_000
"""A page has so many points, or a piece's more."""
_PIECE = 65_536


class Line(NamedTuple):
    """One call of `kf.report`."""

    values: Mapping[str, float]
    step: int | None
    at_s: float


def page(folder: RunFolder, after: int) -> MetricPage:
    """What a run reported from byte `after` on; a line that is still being written waits."""
    points: list[Metric] = []
    at = after
    while len(points) < MOST_POINTS:
        data = piece(folder.metrics, at, _PIECE)
        if not data:
            return MetricPage(at, tuple(points))
        at += len(data)
        for line in lines(data):
            points += (Metric(name, v, line.step, line.at_s) for name, v in line.values.items())
    return MetricPage(at, tuple(points), bool(piece(folder.metrics, at, _PIECE)))


def piece(path: Path, at: int, size: int) -> bytes:
    """About `size` bytes of whole lines from byte `at` on; b"" when there are none.

    Who asks for a byte inside a line gets the rest of that line first, which says nothing.
    """
    try:
        with open(path, "rb") as stream:
            if at >= os.fstat(stream.fileno()).st_size:
                return b""
            stream.seek(at)
            data = stream.read(size)
            if len(data) == size and not data.endswith(b"\n"):
                data += stream.readline()
    except FileNotFoundError:
        return b""
    return data[: data.rfind(b"\n") + 1]


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
        return Line(values, told.get("step"), told["t"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _told(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return None
