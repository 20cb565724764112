"""A study's trials and the name of the best: files only, no Optuna, fast for thousands of trials.

Whoever searches, this machine or a cluster, leaves the same files; every face reads them here.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from jupyter_kf.blobs import read_json
from jupyter_kf.errors import NotFound, TuneError, did_you_mean
from jupyter_kf.layout import RunFolder
from jupyter_kf.records import State
from jupyter_kf.refs import Refs


def read_study(folder: str | os.PathLike[str]) -> dict[str, Any]:
    """A study as its files have it now.

    Returns:
        study.json's fields (see `records`), with ``best`` as trial numbers (the first is the
        best, or the earliest of a Pareto front), and ``trials``: all trial.json by number, each
        with ``duration_s``, None while it runs.

    A trial that still is RUNNING in a study that has ended is shown as CANCELLED or LOST.

    Raises:
        NotFound: kf-1114, the folder holds no study.
    """
    paths = RunFolder(folder)
    study = read_json(paths.path / "study.json")
    if study is None and (read_json(paths.spec) or {}).get("kind") == "tune":
        study = {"best": []}  # its first trial has not begun
    if study is None:
        raise NotFound(
            1114,
            f"{paths.id} has no trials",
            cause="it is not a study",
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


def promote(
    store: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    trial: int | None = None,
    name: str | None = None,
) -> str:
    """Registers a trial's model as the newest version of a name.

    One that is the name's last promotion stays what it is: nothing is added.

    Args:
        store: the store's root.
        folder: the study's run folder.
        trial: its number; the best one otherwise (of several objectives: the first of the front).
        name: of the model; the study's own name otherwise.

    Returns:
        The model's digest.

    Raises:
        NotFound: kf-1114, the folder holds no study.
        TuneError: kf-2528, there is no such trial, or it kept no model.
    """
    study, paths = read_study(folder), RunFolder(folder)
    if not read_json(paths.result):
        _check_ended(study, trial, paths)
    chosen = _chosen(study, trial, paths.id)
    if not chosen.get("model"):
        kept = [str(t["number"]) for t in study["trials"] if t.get("model")]
        raise TuneError(
            2528,
            f"trial {chosen['number']} of {paths.id} kept no model",
            cause="only a trial that was the best when it ended keeps its model"
            if kept
            else "the cell leaves no `model` behind",
            fix=f"promote one of: {', '.join(kept)}" if kept else "name the fitted model `model`",
        )
    job = read_json(paths.job)
    refs, called = Refs(store), name or job["name"]
    before = [v for v in refs.versions("model", called) if "trial" in v.note]
    if before and (before[-1].note.get("run"), before[-1].note["trial"]) == (
        paths.id,
        chosen["number"],
    ):
        return str(chosen["model"])
    note = {
        "run": paths.id,
        "trial": chosen["number"],
        "params": chosen["params"],
        "metrics": chosen["metrics"],
        "dataset": job["train"].get("dataset"),
    }
    refs.add("model", called, chosen["model"], note)
    return str(chosen["model"])


def _numbers(trials: Path) -> list[int]:
    try:
        with os.scandir(trials) as found:
            return [int(entry.name) for entry in found if entry.name.isdigit()]
    except FileNotFoundError:
        return []


def _check_ended(study: dict[str, Any], trial: int | None, paths: RunFolder) -> None:
    """Refuses what a study that goes on can't have yet: its best trial, or one that still runs."""
    trials = study["trials"]
    running = [one["number"] for one in trials if one["state"] == State.RUNNING]
    if study["best"] if trial is None else trial not in running:
        return
    asked = study.get("total") or (read_json(paths.spec) or {}).get("trials") or len(trials)
    ended = len(trials) - len(running)
    raise TuneError(
        2528,
        f"{paths.id} has no best trial yet"
        if trial is None
        else f"trial {trial} of {paths.id} has not ended yet",
        cause=f"the study is still running: {ended} of its {asked} trials have ended"
        + (", and none of them completed" if trial is None and ended else ""),
        fix=f"promote when it is further: `%kf show {paths.id}` says how far it is",
    )


def _chosen(study: dict[str, Any], trial: int | None, run: str) -> dict[str, Any]:
    if trial is None and study["best"]:
        trial = study["best"][0]
    for found in study["trials"]:
        if found["number"] == trial:
            return dict(found)
    raise TuneError(
        2528,
        f"{run} has no trial {trial}" if trial is not None else f"{run} has no completed trial",
        cause=did_you_mean(str(trial), [str(t["number"]) for t in study["trials"]])
        if trial is not None
        else "nothing can be the best of none",
        fix=f"see its trials: `%kf show {run}`",
    )
