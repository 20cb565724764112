"""A fitted object of the notebook as a transform, from the notebook to the endpoint's rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import jupyter_kf as kf
from jupyter_kf.records import State

CELL = """
from sklearn.linear_model import LogisticRegression
model = LogisticRegression().fit(X_train, y_train)
kf.report(accuracy=model.score(X_valid, y_valid))
"""


def test_a_fitted_object_becomes_a_certified_transform_that_training_uses():
    client = kf.connect()
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"x": rng.normal(50, 9, 300), "y": rng.normal(0, 1, 300)})
    scaler = make_pipeline(StandardScaler()).fit(rows)
    client.data("points", rows.assign(high=rows["x"] > 50))
    scope = {"scaler": scaler}
    prepare = client.transform(
        "", name="prepare", data="points", target="high", source="scaler", scope=scope
    )
    got = prepare(rows.head(5))
    np.testing.assert_array_equal(got.to_numpy(), scaler.transform(rows.head(5)))
    run = client.train(CELL, name="high", data="points", transform="prepare", wait=True)
    assert run.state is State.SUCCEEDED, run.error
    assert run.metrics["accuracy"] > 0.9
