"""`kf` inside a cell: report metrics and progress, save a model, leave artefacts.

Standard library only. The same object, the same file formats and the same calls on a laptop and
in a pod; whoever watches the run reads the files.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jupyter_kf.blobs import explained
from jupyter_kf.errors import SpecError
from jupyter_kf.layout import RunFolder


class Reporter:
    """The `kf` of a job.

    Args:
        folder: the run's folder.
        params: the run's parameters.
        on_report: called with (step, values) after each report; a trial asks here whether to go on.

    Attributes:
        params: the values given by ``--param``.
        rank, world_size: this process's number and their count; 0 and 1 in a plain run.
        metrics: the last value of each metric, NaN and infinities included.
    """

    def __init__(
        self,
        folder: RunFolder,
        params: Mapping[str, Any] | None = None,
        on_report: Callable[[int | None, dict[str, float]], None] | None = None,
    ) -> None:
        self.params = dict(params or {})
        self.rank = int(os.environ.get("RANK", "0"))
        self.world_size = int(os.environ.get("WORLD_SIZE", "1"))
        self.metrics: dict[str, float] = {}
        self.saved: dict[str, Any] = {}
        self._folder = folder
        self._on_report = on_report

    def report(
        self,
        step: int | None = None,
        progress: float | None = None,
        remaining_s: float | None = None,
        **metrics: Any,
    ) -> None:
        """Appends metrics to the run, live.

        Args:
            step: the x of the metric's plot: an epoch, a batch.
            progress: share of the whole job that is done, 0 to 1, which the progress bar shows:
                ``kf.report(step=epoch, progress=(epoch + 1) / epochs, loss=loss)``. There is no
                total: any other name is a metric.
            remaining_s: seconds to go, if the job knows better than its progress tells.
            metrics: numbers by name; NaN and infinities are kept and shown as such.

        Raises:
            SpecError: kf-1010, a metric that is not one number.
        """
        values = {name: _number(name, value) for name, value in metrics.items()}
        self.metrics.update(values)
        if self.rank:
            return  # one process speaks for all
        at = None if step is None else int(step)
        _append(
            self._folder,
            step=at,
            values={name: json_number(value) for name, value in values.items()},
            progress=None if progress is None else min(1.0, max(0.0, float(progress))),
            remaining_s=None if remaining_s is None else float(remaining_s),
        )
        if self._on_report:
            self._on_report(at, values)

    def save(self, model: Any, *, flavour: str | None = None, loader: Any = None) -> None:
        """Names the model of this run, when it is not the variable `model`.

        Args:
            model: a fitted model, or a folder of files when `loader` is given.
            flavour: how it is saved; found from its class otherwise.
            loader: a function ``loader(folder) -> object with predict(X)``, for frameworks
                that have no flavour here; it travels as source.
        """
        self.saved = {"model": model, "flavour": flavour, "loader": loader}

    def artifact(self, source: Any, name: str | None = None) -> Path:
        """Keeps a file, a folder, text, bytes or a JSON value with the run; returns its path."""
        folder = self._folder.outputs
        with explained(folder):
            folder.mkdir(exist_ok=True)
            if _is_there(source):
                target = _below(folder, name or Path(source).name)
                if Path(source).is_dir():
                    shutil.copytree(source, target, dirs_exist_ok=True)
                else:
                    shutil.copy2(source, target)
                return target
            if name is None:
                raise SpecError(
                    1011,
                    f"kf.artifact was given a {type(source).__name__} without a name",
                    cause=f"there is no file or folder {source}"
                    if isinstance(source, str | os.PathLike) and len(str(source)) < 200
                    else "only a path of a file or folder has a name of its own",
                    fix='write kf.artifact(value, name="report.json")',
                )
            target = _below(folder, name)
            target.write_bytes(_as_bytes(source))
            return target


def tell(folder: RunFolder, reason: str) -> None:
    """Says what a run does now that its cell has ended: its reason as long as it runs."""
    _append(folder, step=None, values={}, progress=None, remaining_s=None, reason=reason)


def _append(folder: RunFolder, **line: Any) -> None:
    with explained(folder.metrics), open(folder.metrics, "ab", 0) as out:
        out.write(json.dumps({"t": time.time(), **line}).encode() + b"\n")


def _below(folder: Path, name: str) -> Path:
    """The file of that name, its folder made."""
    target = folder / name
    if not target.resolve().is_relative_to(folder.resolve()):
        raise SpecError(
            1041,
            f"kf.artifact can't keep {name!r}",
            cause="the name leads out of the run's folder",
            fix='give a name below it: kf.artifact(value, name="plots/roc.png")',
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    return target


def _is_there(source: Any) -> bool:
    with contextlib.suppress(OSError, ValueError):  # a text too long for a path, or with a \0
        return isinstance(source, str | os.PathLike) and Path(source).exists()
    return False


def _number(name: str, value: Any) -> float:
    with contextlib.suppress(AttributeError, ValueError, RuntimeError, TypeError):
        value = value.item()  # numpy and torch scalars, one-element arrays
    if isinstance(value, int | float) or (
        hasattr(value, "__float__") and not isinstance(value, str | bytes)
    ):
        with contextlib.suppress(TypeError, ValueError):
            return float(value)
    raise SpecError(
        1010,
        f"kf.report: `{name}` is a {type(value).__name__}, not one number",
        cause="a metric is a number; lists and texts have no place on a plot",
        fix=f"reduce it first, as in kf.report({name}=float(...)), or keep it: kf.artifact(...)",
    )


def json_number(value: float) -> float | str:
    """The number, or the text that stands for one that JSON has not."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _as_bytes(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    return value.encode() if isinstance(value, str) else json.dumps(value, indent=1).encode()
