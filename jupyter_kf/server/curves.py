"""What a run reported in no more points than a picture shows: all are considered, few are kept.

Each metric is cut into bins of neighbours, of which the lowest, the highest and what is no number
are kept, so that no peak is lost. A bin holds as many reports at the curve's beginning as at its
end: when there are too many, two become one. What was read is kept, and read on from its last
byte; a file of gigabytes is read in several requests, so that no answer takes long. For threads.
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from itertools import zip_longest

from jupyter_kf.layout import RunFolder
from jupyter_kf.records import Metric
from jupyter_kf.server.answers import MetricPage
from jupyter_kf.server.reported import piece
from jupyter_kf.store.reported import lines

MOST_READ = 16 * 1_048_576
"""About so many bytes are read for one answer: half a second."""
MOST_BINS = 2_000
"""Of one metric; more than a screen has columns for."""
_PIECE = 1_048_576
_RUN_BINS = 20_000  # of one run, whose metrics have fewer each when there are many
_KEPT_BINS = 100_000  # of all runs that are remembered: some 50 MB

# (number of the report, value, step, Unix time)
Point = tuple[int, float, int | None, float]


class Bin:
    """Neighbours: the lowest, the highest, and one that is no number, where there are any."""

    __slots__ = ("high", "low", "odd")

    def __init__(self, low: Point | None, high: Point | None, odd: Point | None) -> None:
        self.low, self.high, self.odd = low, high, odd

    def points(self) -> list[Point]:
        """In their order, each once."""
        return sorted({one for one in (self.low, self.high, self.odd) if one}, key=_number)

    def joined(self, other: Bin | None) -> Bin:
        """This one and the next as one."""
        if other is None:
            return self
        low = min((b.low for b in (self, other) if b.low), key=_value, default=None)
        high = max((b.high for b in (self, other) if b.high), key=_value, default=None)
        return Bin(low, high, self.odd or other.odd)


class Curve:
    """One metric of a run."""

    def __init__(self) -> None:
        self.n = 0
        """So many times it was reported."""
        self.bins: list[Bin] = []
        self._width = 1
        self._last: Point = (0, 0.0, None, 0.0)

    def add(self, value: float, step: int | None, at_s: float) -> None:
        """One report more."""
        n = self.n
        self._last = point = (n, value, step, at_s)
        self.n = n + 1
        odd = math.isnan(value)
        if n % self._width == 0:
            number = None if odd else point
            self.bins.append(Bin(number, number, point if odd else None))
            return
        last = self.bins[-1]
        if odd:
            last.odd = last.odd or point
            return
        if last.low is None or value < last.low[1]:
            last.low = point
        if last.high is None or value > last.high[1]:
            last.high = point

    def halve(self) -> None:
        """Two bins become one."""
        self.bins = _halved(self.bins)
        self._width *= 2

    def points(self, most_bins: int) -> Iterator[Point]:
        """Of so many bins at most, and the last report, which is where the curve is now."""
        bins = self.bins
        while len(bins) > most_bins:
            bins = _halved(bins)
        last = None
        for one in bins:
            for last in one.points():
                yield last
        if last is not None and last[0] != self._last[0]:
            yield self._last


class Reported:
    """One run's curves, and how far its file was read.

    Attributes:
        bins: how many are kept.
    """

    def __init__(self, folder: RunFolder) -> None:
        self._folder, self._lock = folder, threading.Lock()
        self._inode = 0
        self._begin()

    def read(self) -> bool:
        """Reads on; whether there is more to be read at once."""
        with self._lock:
            until = self._at + MOST_READ
            file = _file(self._folder)
            if file is None or file[0] != self._inode or file[1] < self._at:
                self._begin()
                self._inode = file[0] if file else 0
            while self._at < until:
                data = piece(self._folder.metrics, self._at, _PIECE)
                if not data:
                    return False
                self._take(data)
            return bool(piece(self._folder.metrics, self._at, _PIECE))

    def page(self, more: bool, most_bins: int = MOST_BINS) -> MetricPage:
        """What was read so far, in so many bins of each metric."""
        with self._lock:
            points = tuple(self._points(most_bins))
            counts = {name: curve.n for name, curve in self._curves.items()}
            return MetricPage(self._at, points, more, counts)

    def _begin(self) -> None:
        self._at, self._most, self.bins = 0, MOST_BINS, 0
        self._curves: dict[str, Curve] = {}

    def _take(self, data: bytes) -> None:
        for line in lines(data):
            for name, value in line.values.items():
                curve = self._curves.get(name)
                if curve is None:
                    curve = self._curves[name] = Curve()
                    self._most = max(2, min(MOST_BINS, _RUN_BINS // len(self._curves)))
                curve.add(value, line.step, line.at_s)
                if len(curve.bins) > self._most:
                    curve.halve()
        self._at += len(data)
        for curve in self._curves.values():  # those that came before others made less room
            while len(curve.bins) > self._most:
                curve.halve()
        self.bins = sum(len(curve.bins) for curve in self._curves.values())

    def _points(self, most_bins: int) -> Iterator[Metric]:
        for name, curve in self._curves.items():
            for n, value, step, at_s in curve.points(most_bins):
                yield Metric(name, value, n if step is None else step, at_s)


class Curves:
    """The runs that were read lately; older ones are forgotten, and read again when asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, Reported] = {}

    def page(self, folder: RunFolder) -> MetricPage:
        """One run's curves; ask again at once while it says that there is more."""
        found = self._of(folder)
        return found.page(found.read())

    def pages(self, folders: Iterable[RunFolder], most_bins: int) -> Mapping[str, MetricPage]:
        """Several runs' curves, by run, with fewer points for each."""
        found = {folder.id: self._of(folder) for folder in folders}
        return {run_id: one.page(one.read(), most_bins) for run_id, one in found.items()}

    def _of(self, folder: RunFolder) -> Reported:
        with self._lock:
            found = self._kept.pop(folder.id, None) or Reported(folder)
            room = _KEPT_BINS - found.bins
            for run_id in list(reversed(self._kept)):
                room -= self._kept[run_id].bins
                if room < 0:  # of the oldest
                    del self._kept[run_id]
            self._kept[folder.id] = found  # the newest stands last
            return found


def _halved(bins: list[Bin]) -> list[Bin]:
    return [one.joined(other) for one, other in zip_longest(bins[::2], bins[1::2]) if one]


def _number(point: Point) -> int:
    return point[0]


def _value(point: Point) -> float:
    return point[1]


def _file(folder: RunFolder) -> tuple[int, int] | None:
    try:
        found = os.stat(folder.metrics)  # noqa: PTH116 - as in `looks`
    except OSError:
        return None
    return found.st_ino, found.st_size
