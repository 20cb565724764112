"""The best trial's model gets a name, by one command; no search is needed for it."""

from __future__ import annotations

import os
from typing import Any

from jupyter_kf.backends.local.trials.reading import read_study
from jupyter_kf.blobs import read_json
from jupyter_kf.errors import TuneError, did_you_mean
from jupyter_kf.layout import RunFolder
from jupyter_kf.refs import Refs


def promote(
    store: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    trial: int | None = None,
    name: str | None = None,
) -> str:
    """Registers a trial's model as the newest version of a name.

    Args:
        store: the store's root.
        folder: the study's run folder.
        trial: its number; the best one otherwise (of several objectives: the first of the front).
        name: of the model; the study's own name otherwise.

    Returns:
        The model's digest.

    Raises:
        NotFound: kf-1105, the folder holds no study.
        TuneError: kf-2528, there is no such trial, or it kept no model.
    """
    study, paths = read_study(folder), RunFolder(folder)
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
    note = {
        "run": paths.id,
        "trial": chosen["number"],
        "params": chosen["params"],
        "metrics": chosen["metrics"],
        "dataset": job["train"].get("dataset"),
    }
    Refs(store).add("model", name or job["name"], chosen["model"], note)
    return str(chosen["model"])


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
        fix=f"see its trials: `%kf runs {run}`",
    )
