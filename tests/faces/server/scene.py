"""What the server's tests find in the store: runs as they are left behind."""

from __future__ import annotations

import json
import time

import pandas as pd

from jupyter_kf.client import Client


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
    folder.result.write_text(json.dumps(result))
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
