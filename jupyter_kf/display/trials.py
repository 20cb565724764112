"""The trials of a study: which way is better, the best first, and why some failed. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from jupyter_kf.display.card import Table
from jupyter_kf.display.values import number, plain, shortened
from jupyter_kf.records import State, Study, Trial
from jupyter_kf.units import format_duration

_MOST = 10
_SCORES = {"auc", "acc", "accuracy", "r2", "f1", "score", "precision", "recall", "kappa", "mcc"}


def best_first(s: Study) -> Table:
    """The best ten trials by the first metric."""
    names = list(dict.fromkeys(key for t in s.trials for key in t.params))
    order = sorted((t for t in s.trials if t.values), key=lambda t: _rank(s, t))[:_MOST]
    return Table(("trial", *s.metrics, *names, "took"), [_row(s, t, names) for t in order])


def sought(s: Study) -> str:
    """Which way each metric is better, as it was asked; a score sought downwards is pointed at."""
    ways = []
    for metric, up in zip(s.metrics, s.maximize, strict=True):
        hint = "" if up or not _SCORES & set(metric.lower().split("_")) else " (or --maximize?)"
        ways.append(f"{'largest' if up else 'smallest'} {metric}{hint}")
    return ", ".join(ways)


def _rank(s: Study, t: Trial) -> float:
    value = (t.values or (math.inf,))[0]
    return -value if s.maximize[0] else value


def _row(s: Study, t: Trial, names: Sequence[str]) -> tuple[str, ...]:
    best = " *" if t in s.best else ""
    values = [number(v) for v in t.values or ()]
    params = [plain(t.params.get(name)) for name in names]
    took = format_duration(t.duration_s) if t.duration_s else ""
    return (f"{t.number}{best}", *values, *params, took)


def why_most_failed(s: Study) -> str:
    """The reason that most of the failed trials have."""
    reasons = Counter(t.reason for t in s.trials if t.state is State.FAILED)
    reason, times = reasons.most_common(1)[0]
    alike = "" if len(reasons) == 1 else f" ({times} of them; see the others: %kf logs {s.run.id})"
    return shortened(reason) + alike
