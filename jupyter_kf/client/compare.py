"""What differs between runs: parameters, metrics, code, data. Pure. Imports `records`, `blobs`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jupyter_kf.blobs import digest_bytes
from jupyter_kf.names import short
from jupyter_kf.records import Run


@dataclass(frozen=True)
class Applied:
    """The transform that prepared a run's rows.

    Attributes:
        name: ``name@version``; the digest, shortened, when no name has it any more.
        code: its text; None when the store has lost it.
    """

    name: str
    digest: str
    code: str | None


@dataclass(frozen=True)
class Comparison:
    """Runs side by side.

    Attributes:
        runs: in the order given.
        settings: {field: one value for each run}, only those that differ.
        metrics: {metric: the last value for each run, None where it was not reported}.
        same: settings that all runs share; what all of them left empty is none.
        code: what each run ran, None where it ran none. Its digest is a setting: ``code``.
        transforms: what prepared each run's rows, None where nothing did. The version that it
            was is the setting ``transform``, whatever was asked for.
    """

    runs: tuple[Run, ...]
    settings: Mapping[str, tuple[Any, ...]]
    metrics: Mapping[str, tuple[float | None, ...]]
    same: Mapping[str, Any]
    code: tuple[str | None, ...]
    transforms: tuple[Applied | None, ...]


def compare(
    runs: Sequence[Run],
    asked: Sequence[Mapping[str, Any]] | None = None,
    code: Sequence[str | None] | None = None,
    transforms: Sequence[Applied | None] | None = None,
) -> Comparison:
    """Runs side by side; parameters count one by one as ``param lr``.

    Args:
        asked: what was set for each run, when that is more than its own spec: a study's cell.
        code: what each run ran.
        transforms: what prepared each run's rows.
    """
    flat = [_flat(spec) for spec in asked or [run.spec for run in runs]]
    fields = list(dict.fromkeys(key for spec in flat for key in spec))
    rows = {key: tuple(spec.get(key) for spec in flat) for key in fields}
    applied = tuple(transforms or (None for _ in runs))
    if any(applied):
        rows["transform"] = tuple(one and one.name for one in applied)
    texts = tuple(code or (None for _ in runs))
    rows["code"] = tuple(text and short(digest_bytes(text.encode())) for text in texts)
    differ = {key: row for key, row in rows.items() if any(v != row[0] for v in row)}
    metrics = list(dict.fromkeys(name for run in runs for name in run.metrics))
    return Comparison(
        runs=tuple(runs),
        settings=differ,
        metrics={m: tuple(run.metrics.get(m) for run in runs) for m in metrics},
        same={k: row[0] for k, row in rows.items() if k not in differ and row[0] not in _EMPTY},
        code=texts,
        transforms=applied,
    )


_EMPTY: tuple[Any, ...] = (None, "", {}, [], ())


def _flat(spec: Mapping[str, Any]) -> dict[str, Any]:
    flat = {key: value for key, value in spec.items() if key != "params"}
    flat.update({f"param {name}": value for name, value in (spec.get("params") or {}).items()})
    return flat
