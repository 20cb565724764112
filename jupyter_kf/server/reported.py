"""What a run reported, from a byte of its file on: whole lines, and pages of them. For threads.

Where a page ended is a byte, so the next one costs what it holds, however long the file is; a
reader that keeps the number can go on after any restart. May import `store`.
"""

from __future__ import annotations

import os
from pathlib import Path

from jupyter_kf.layout import RunFolder
from jupyter_kf.records import Metric
from jupyter_kf.server.answers import MetricPage
from jupyter_kf.store.reported import lines

MOST_POINTS = 50_000
"""A page has so many points, or a piece's more."""
_PIECE = 65_536


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
            points += line.points()
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
