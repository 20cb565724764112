"""From a dataset and a train cell over a search to the best trial's model, promoted and loaded."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl

from jupyter_kf.blobs import Blobs
from jupyter_kf.refs import Refs
from jupyter_kf.store.datasets import snapshot_frame
from jupyter_kf.store.studies import promote, read_study
from jupyter_kf.worker.model import load

BOOSTED = """
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
model = HistGradientBoostingClassifier(max_iter=iterations, learning_rate=lr)
model.fit(X_train, y_train)
kf.report(auc=roc_auc_score(y_valid, model.predict_proba(X_valid)[:, 1]))
"""
GROUPED = """
grouped = X_train.group_by('code').agg(mean=pl.col('distance').mean()).sort('code')
kf.report(auc=float(grouped['mean'][0]) * lr)
"""


def rows() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    n = 600
    distance, hour = rng.gamma(2.0, 400.0, n), rng.integers(0, 24, n)
    late = (hour + rng.normal(0, 4, n) > 14).astype(np.int64)
    return pd.DataFrame({"distance": distance, "hour": hour, "code": hour % 3, "late": late})


def search(root: Path, cell: str, frame: Any, preamble: str = "", **fields: Any) -> Path:
    """Runs a study of a train cell over a frame to its end; returns its folder."""
    blobs, train = Blobs(root), root / "runs" / "delay-train"
    (train / "inputs").mkdir(parents=True)
    (train / "cell.py").write_text(cell)
    (train / "inputs" / "preamble.py").write_text(preamble)
    dataset = snapshot_frame(blobs, frame).digest
    plain = {"format": 1, "name": "delay", "store": str(root), "dataset": dataset}
    plain |= {"transform": None, "target": "late"}
    own = {"params": {}, "split": "0.8/0.2", "split_by": None, "seed": 0}
    inner = {**plain, "run": train.name, "kind": "train", "spec": own, "folder": str(train)}
    spec = {"metric": ["auc"], "maximize": True, "sampler": "random", "seed": 0, "parallel": 2}
    study = root / "runs" / "delay"
    study.mkdir()
    job = {**plain, "run": study.name, "kind": "tune", "spec": spec | fields, "train": inner}
    (study / "job.json").write_text(json.dumps(job))
    command = [sys.executable, "-P", "-m", "jupyter_kf.backends.local.trials", str(study)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return study


def test_the_best_trials_model_is_promoted_and_predicts(store_dir: Path) -> None:
    params = {"lr": "loguniform(1e-3, 0.5)", "iterations": "int(2, 12)"}
    study = search(store_dir, BOOSTED, rows(), params=params, trials=6)
    facts = read_study(study)
    best = max(facts["trials"], key=lambda trial: trial["values"][0])
    assert facts["best"] == [best["number"]]
    assert facts["trials"][0]["model"] or facts["trials"][1]["model"]  # the first was the best once
    digest = promote(store_dir, study)
    entry = Refs(store_dir).newest("model", "delay")
    assert entry is not None
    assert entry.digest == digest == best["model"]
    assert entry.note["trial"] == best["number"]
    assert entry.note["params"] == best["params"]
    assert entry.note["metrics"] == {"auc": best["values"][0]}
    model = load(Blobs(store_dir), digest)
    predicted = model.predict(rows().drop(columns="late"))["prediction"]
    assert len(predicted) == 600
    assert model.manifest["flavour"] == "sklearn"


def test_polars_rows_are_read_by_each_trial_for_itself(store_dir: Path) -> None:
    study = search(
        store_dir,
        GROUPED,
        pl.from_pandas(rows()),
        preamble="import polars as pl",
        params={"lr": "float(0, 1)"},
        trials=4,
    )
    assert [trial["state"] for trial in read_study(study)["trials"]] == ["SUCCEEDED"] * 4
