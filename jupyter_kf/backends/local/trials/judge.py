"""Did a trial complete, and what does its end mean? Pure."""

from __future__ import annotations

import math
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jupyter_kf.backends.local.trials.records import TrialRecord
from jupyter_kf.backends.local.trials.search import Wanted
from jupyter_kf.errors import TuneError, did_you_mean
from jupyter_kf.specs.space import Space
from jupyter_kf.units import format_duration

VANISHED = "its process vanished with the study's; a later trial repeats it"


@dataclass(frozen=True)
class Verdict:
    """How a trial ended: complete, pruned or failed, and why."""

    state: str
    reason: str = ""
    values: tuple[float, ...] | None = None
    error: dict[str, str] | None = None


def verdict(
    wanted: Wanted, final: Mapping[str, Any] | None, pruned_at: int | None, code: int
) -> Verdict:
    """The verdict on a trial.

    Args:
        final: the last message of its process; None when it ended without one.
        pruned_at: the step at which it was told to stop.
        code: exit code, negative for a signal.
    """
    if pruned_at is not None and (final is None or "failed" not in final):
        return Verdict("pruned", f"pruned at step {pruned_at}: {_WHY[wanted.early_stop]}")
    if final is None:
        return _failed(_silent(code))
    if "failed" in final:
        said = final["failed"]
        return Verdict("failed", f"{said['message']} ({said['cause']})", error=dict(said))
    found, error = values(wanted.metrics, final["metrics"])
    return _failed(error) if error else Verdict("complete", values=found)


def values(
    metrics: Sequence[str], reported: Mapping[str, float]
) -> tuple[tuple[float, ...] | None, TuneError | None]:
    """The objectives' last values, or why a trial has none."""
    for name in metrics:
        if name not in reported:
            return None, TuneError(
                2530,
                f"the cell never reported `{name}`",
                cause=f"it reported {', '.join(f'`{k}`' for k in reported)}; "
                + did_you_mean(name, reported)
                if reported
                else "it never called kf.report",
                fix=f"add kf.report({name}=...) to the cell, or give another --metric",
            )
        if not math.isfinite(reported[name]):
            return None, TuneError(
                2531,
                f"`{name}` was {reported[name]} when the trial ended",
                cause="a value that is no number can't be compared",
                fix=f"find out where it comes from, or report a finite {name} for such parameters",
            )
    return tuple(float(reported[name]) for name in metrics), None


def bound(space: Space, train: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """What the cell sees: the train run's own values, None for inactive parameters, the trial's."""
    inactive = {p.name: None for p in space.parameters}
    return {**inactive, **(train.get("params") or {}), **params}


def line(record: TrialRecord, wanted: Wanted, note: str) -> str:
    """A trial's end as a line of the study's log."""
    given = ", ".join(f"{k}={_short(v)}" for k, v in record.params.items())
    if record.values is not None:
        pairs = zip(wanted.metrics, record.values, strict=True)
        said = ", ".join(f"{name} {value:.6g}" for name, value in pairs)
    else:
        said = f"{record.state}: {record.reason}"
    took = format_duration((record.ended or record.started) - record.started)
    return f"trial {record.number} ({given}) {said}; {took}" + (f"; {note}" if note else "")


_WHY = {
    "median": "below the median of the others at that step",
    "asha": "not among the best quarter at that step",
    "none": "",
}


def _failed(error: TuneError) -> Verdict:
    return Verdict("failed", f"{error.what} ({error.cause})", error=error.to_dict())


def _silent(code: int) -> TuneError:
    if code < 0:
        name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
        return TuneError(
            2532,
            f"the trial's process was ended by {name}",
            cause="memory ran out, or somebody killed it"
            if code == -9
            else "a crash in native code",
            fix="its log.txt may tell more; give the study more --memory or fewer --parallel",
        )
    return TuneError(
        2533,
        f"the trial's process ended itself with code {code}",
        cause="os._exit or a library ended it, so nothing was reported at its end",
        fix="end the cell by reaching its last line, or with sys.exit(0)",
    )


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
