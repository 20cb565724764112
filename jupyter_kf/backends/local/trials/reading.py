"""A study's trials for every face: files only, no Optuna, fast for thousands of trials."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from jupyter_kf.blobs import read_json
from jupyter_kf.errors import NotFound
from jupyter_kf.layout import RunFolder
from jupyter_kf.records import State


def read_study(folder: str | os.PathLike[str]) -> dict[str, Any]:
    """A study as its files have it now.

    Returns:
        study.json's fields (see `records`), with ``best`` as trial numbers (the first is the
        best, or the earliest of a Pareto front), and ``trials``: all trial.json by number, each
        with ``duration_s``, None while it runs.

    A trial that still is RUNNING in a study that has ended is shown as CANCELLED or LOST.

    Raises:
        NotFound: kf-1105, the folder holds no study.
    """
    paths = RunFolder(folder)
    study = read_json(paths.path / "study.json")
    if study is None:
        raise NotFound(
            1105,
            f"{paths.id} has no trials",
            cause="it is not a study, or its first trial has not begun",
            fix="`%kf runs` lists the studies; `%kf logs` shows what one is doing",
        )
    trials = []
    for number in sorted(_numbers(paths.trials)):
        trial = read_json(paths.trials / str(number) / "trial.json")
        if trial:
            trials.append(trial)
    result = read_json(paths.result)
    if result:
        end = State.CANCELLED if result["state"] == State.CANCELLED else State.LOST
        for trial in trials:
            if trial["state"] == State.RUNNING:
                trial |= {"state": str(end), "reason": "the study ended before it did"}
    for trial in trials:
        ended = trial["ended"]
        trial["duration_s"] = None if ended is None else ended - trial["started"]
    return {**study, "best": [entry["trial"] for entry in study["best"]], "trials": trials}


def _numbers(trials: Path) -> list[int]:
    try:
        with os.scandir(trials) as found:
            return [int(entry.name) for entry in found if entry.name.isdigit()]
    except FileNotFoundError:
        return []
