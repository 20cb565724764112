"""What the server's tests find in the store: runs as they are left behind."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable

import numpy as np
import pandas as pd

from jupyter_kf.backends.local.trials.records import TrialRecord, best_of
from jupyter_kf.blobs import write_atomic
from jupyter_kf.client import Client, studies
from jupyter_kf.specs import TuneSpec


def ended_run(client: Client, name: str, state: str = "SUCCEEDED", log: bytes = b"") -> str:
    """A run that has ended, without a process ever having run; returns its id."""
    folder = client.store.runs.new("train", name, {"name": name}, "local")
    line = {"t": time.time(), "step": 1, "values": {"auc": 0.9}, "progress": 1.0}
    folder.metrics.write_text(json.dumps(line | {"remaining_s": None}) + "\n")
    folder.log.write_bytes(log)
    error = None
    if state == "FAILED":
        error = {"code": "kf-2042", "message": "it broke", "cause": "so", "fix": "mend it"}
    result = {"state": state, "started_s": 1.0, "ended_s": 2.0, "outputs": {}, "error": error}
    write_atomic(folder.result, json.dumps(result).encode())  # as runs do: a server may look on
    return folder.id


def report(client: Client, run_id: str, values: Iterable[float | str]) -> None:
    """What a run reported, in place of what it had: `loss`, step by step."""
    lines = (
        json.dumps({"t": 1.7e9 + n, "step": n, "values": {"loss": value}, "progress": None})
        for n, value in enumerate(values)
    )
    client.store.runs.folder(run_id).metrics.write_text("".join(f"{line}\n" for line in lines))


def large_study(client: Client, name: str, trials: int) -> str:
    """A search that has ended, of two objectives: as its driver leaves it, without its work."""
    rng = np.random.default_rng(0)
    space = {"lr": "loguniform(1e-4, 0.3)", "depth": "int(2, 9)", "kind": "choice(gbm, forest)"}
    fields = {"params": space, "metric": ["auc", "latency"], "maximize": ["auc"], "trials": trials}
    spec: TuneSpec = TuneSpec.of(name=name, **fields)
    folder = client.store.runs.new("tune", name, spec.model_dump(mode="json"), "local")
    entries = []
    for n in range(trials):
        params = {
            "lr": float(10 ** rng.uniform(-4, -0.5)),
            "depth": int(rng.integers(2, 10)),
            "kind": str(rng.choice(["gbm", "forest"])),
        }
        auc = 0.9 - 0.02 * abs(np.log10(params["lr"]) + 2) + float(rng.normal(0, 0.01))
        values = (auc, 2.0 * params["depth"] + float(rng.exponential(2)))
        trial = TrialRecord(n, params, started=1.7e9 + n, ended=1.7e9 + n + 0.8)
        trial.state = "pruned" if n % 11 == 10 else "failed" if n % 97 == 96 else "complete"
        if trial.state == "complete":
            trial.values, trial.metrics = values, dict(zip(spec.metric, values, strict=True))
            entries.append({"trial": n, "params": params, "values": values, "model": None})
        trial.reason = {"pruned": "pruned at step 3: below the median", "failed": "it broke"}.get(
            trial.state, ""
        )
        trial.write(folder.trials)
    best = best_of(entries, (True, False))
    facts = {"metrics": spec.metric, "maximize": (True, False), "total": trials, "best": best}
    (folder.path / "study.json").write_text(json.dumps(facts))
    result = {"state": "SUCCEEDED", "started_s": 1.7e9, "ended_s": 1.7e9 + trials, "outputs": {}}
    folder.result.write_text(json.dumps(result | {"error": None}))
    studies.register(client.store, spec, folder.id)
    return folder.id


PREPARE = """
def fit(df):
    return {"mean": float(df["x"].mean())}

def transform(df, state):
    return df.assign(x=df["x"].fillna(state["mean"]) - state["mean"])[["x", "y"]]
"""
TRAIN = """
from sklearn.linear_model import LogisticRegression
model = LogisticRegression(C=float(c)).fit(X_train, y_train)
kf.report(step=1, accuracy=model.score(X_valid, y_valid))
"""


def points() -> pd.DataFrame:
    """Rows with a null, a few texts' worth of nothing, and a target."""
    frame = pd.DataFrame({"x": [float(n) for n in range(200)], "y": [n % 7 for n in range(200)]})
    frame["high"] = frame["x"] > 100
    frame.loc[3, "x"] = None
    return frame


def whole_store(client: Client) -> None:
    """A dataset, a transform, two models of it, a study whose best was promoted, an endpoint."""
    client.data("points", points())
    client.transform(PREPARE, name="prepare", data="points", target="high")
    fields = {"name": "high", "data": "points", "transform": "prepare"}
    for c in (1.0, 0.5):
        client.train(TRAIN, params={"c": c}, wait=True, **fields)
    space = {"c": "loguniform(1e-3, 10)"}
    client.tune("high", params=space, metric="accuracy", maximize=True, trials=5, wait=True)
    client.promote("high")
    client.serve("high", wait=True)
