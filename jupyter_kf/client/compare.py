"""What differs between runs: parameters, metrics, code, data. Pure; may import `records`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jupyter_kf.records import Run


@dataclass(frozen=True)
class Comparison:
    """Runs side by side.

    Attributes:
        runs: in the order given.
        settings: {field: one value for each run}, only those that differ.
        metrics: {metric: the last value for each run, None where it was not reported}.
        same: settings that all runs share; what all of them left empty is none.
    """

    runs: tuple[Run, ...]
    settings: Mapping[str, tuple[Any, ...]]
    metrics: Mapping[str, tuple[float | None, ...]]
    same: Mapping[str, Any]


def compare(runs: Sequence[Run], asked: Sequence[Mapping[str, Any]] | None = None) -> Comparison:
    """Runs side by side; parameters count one by one as ``param lr``.

    Args:
        asked: what was set for each run, when that is more than its own spec: a study's cell.
    """
    flat = [_flat(spec) for spec in asked or [run.spec for run in runs]]
    fields = list(dict.fromkeys(key for spec in flat for key in spec))
    rows = {key: tuple(spec.get(key) for spec in flat) for key in fields}
    differ = {key: row for key, row in rows.items() if any(v != row[0] for v in row)}
    metrics = list(dict.fromkeys(name for run in runs for name in run.metrics))
    return Comparison(
        runs=tuple(runs),
        settings=differ,
        metrics={m: tuple(run.metrics.get(m) for run in runs) for m in metrics},
        same={k: row[0] for k, row in rows.items() if k not in differ and row[0] not in _EMPTY},
    )


_EMPTY: tuple[Any, ...] = (None, "", {}, [], ())


def _flat(spec: Mapping[str, Any]) -> dict[str, Any]:
    flat = {key: value for key, value in spec.items() if key != "params"}
    flat.update({f"param {name}": value for name, value in (spec.get("params") or {}).items()})
    return flat
