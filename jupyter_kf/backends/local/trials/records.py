"""What a study leaves for its readers: trials/<n>/trial.json and study.json.

Written by the driver alone, whole or not at all; every face reads them through `store.studies`.

trial.json   {number, state, pruned, params, values, metrics, started, ended, reason, model,
             repeats}; `state` is a `records.State`, a pruned trial is CANCELLED with `pruned`.
study.json   {metrics, maximize, total, finished, running, complete, pruned, failed, vanished,
             best: [{trial, params, values, metrics, model}], space, sampler, early_stop,
             updated_s}
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from jupyter_kf.blobs import write_atomic
from jupyter_kf.records import State

_STATES = {
    "running": State.RUNNING,
    "complete": State.SUCCEEDED,
    "pruned": State.CANCELLED,
    "cancelled": State.CANCELLED,
    "failed": State.FAILED,
    "vanished": State.LOST,
}


@dataclass
class TrialRecord:
    """One attempt, as trial.json has it."""

    number: int
    params: Mapping[str, Any]
    started: float
    state: str = "running"
    values: tuple[float, ...] | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    ended: float | None = None
    reason: str = ""
    model: str | None = None
    repeats: int | None = None

    def write(self, trials: Path) -> None:
        """Replaces trials/<n>/trial.json."""
        fields = asdict(self)
        fields["state"] = str(_STATES[self.state])
        fields["pruned"] = self.state == "pruned"
        fields["metrics"] = {k: v for k, v in self.metrics.items() if math.isfinite(v)}
        folder = trials / str(self.number)
        folder.mkdir(parents=True, exist_ok=True)
        write_atomic(folder / "trial.json", json.dumps(fields, ensure_ascii=False).encode())


def best_of(entries: Iterable[dict[str, Any]], maximize: Sequence[bool]) -> list[dict[str, Any]]:
    """The best entry by its ``values``, the earliest of equals; the Pareto front of several."""
    best: list[dict[str, Any]] = []
    for entry in entries:
        best = improved(best, entry, maximize) or best
    return best


def improved(
    best: list[dict[str, Any]], entry: dict[str, Any], maximize: Sequence[bool]
) -> list[dict[str, Any]] | None:
    """`best` with `entry` in it; None where the entry is not better than what is there."""
    mine = _losses(entry["values"], maximize)
    others = [(kept, _losses(kept["values"], maximize)) for kept in best]
    if any(all(a <= b for a, b in zip(theirs, mine, strict=True)) for _, theirs in others):
        return None
    kept = [
        other
        for other, theirs in others
        if not all(a <= b for a, b in zip(mine, theirs, strict=True))
    ]
    return [*kept, entry]


def _losses(values: Sequence[float], maximize: Sequence[bool]) -> list[float]:
    return [-v if up else v for v, up in zip(values, maximize, strict=True)]
