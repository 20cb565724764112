"""One row per figure: ours against a named baseline of the same run, and the bound it must keep."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

HEAD = ("figure", "baseline", "", "ours", "", "bound", "")


@dataclass(frozen=True)
class Row:
    """A figure.

    Attributes:
        name, baseline: what was measured, and against what.
        baseline_value, ours: both in `unit`.
        kind: what is compared: ours divided by the baseline, or ours minus the baseline.
        unit: of both values; a ratio has none.
        bound: of what is compared; None for a figure that is only stated.
        direction: whether the bound is the ``most`` or the ``least`` it may be.
    """

    name: str
    baseline: str
    baseline_value: float
    ours: float
    kind: Literal["ratio", "difference"]
    unit: str
    bound: float | None = None
    direction: Literal["most", "least"] = "most"

    @property
    def value(self) -> float:
        """What the bound is about."""
        if self.kind == "difference":
            return self.ours - self.baseline_value
        return self.ours / self.baseline_value if self.baseline_value else float("inf")

    @property
    def ok(self) -> bool:
        """Whether the bound is kept."""
        if self.bound is None:
            return True
        return self.value <= self.bound if self.direction == "most" else self.value >= self.bound

    def cells(self) -> tuple[str, ...]:
        """As the table shows it."""
        sign, unit = ("×", "") if self.kind == "ratio" else ("", f" {self.unit}")
        plus = "+" if self.kind == "difference" and self.value >= 0 else ""
        limit = "" if self.bound is None else f"{'≤' if self.direction == 'most' else '≥'} "
        return (
            self.name,
            self.baseline,
            f"{_short(self.baseline_value)} {self.unit}",
            f"{_short(self.ours)} {self.unit}",
            f"{plus}{_short(self.value)}{sign}{unit}",
            "stated" if self.bound is None else f"{limit}{_short(self.bound)}{sign}{unit}",
            "" if self.bound is None else "ok" if self.ok else "OVER",
        )


def show(rows: Sequence[Row]) -> str:
    """All figures as one table."""
    table = [HEAD, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in table) for column in range(len(HEAD))]
    lines = []
    for line in table:
        cells = zip(line, widths, strict=True)
        lines.append("  ".join(cell.ljust(width) for cell, width in cells).rstrip())
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])


def interleaved(things: Mapping[str, Callable[[], float]], repeats: int) -> dict[str, float]:
    """The median of what each returns, measured in turns so that a busy machine hits all alike."""
    values: dict[str, list[float]] = {name: [] for name in things}
    for _ in range(repeats):
        for name, measure in things.items():
            values[name].append(measure())
    return {name: statistics.median(each) for name, each in values.items()}


def clocked(action: Callable[[], object]) -> float:
    """Seconds that it takes."""
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
