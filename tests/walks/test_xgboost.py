"""XGBoost from a cell to a prediction: its own format, its own endpoint, the same numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd

import jupyter_kf as kf
from jupyter_kf.blobs import Blobs
from jupyter_kf.worker.loaded import load

TRANSFORM = """
def fit(df):
    return {"shops": sorted(df["shop"].unique())}

def transform(df, state):
    shop = pd.Categorical(df["shop"], categories=state["shops"]).codes
    return pd.DataFrame({"price": df["price"], "shop": shop.astype("float64")})
"""

CELL = """
from xgboost import XGBClassifier

model = XGBClassifier(n_estimators=n, max_depth=3, random_state=0)
model.fit(X_train, y_train, eval_set=[(X_valid, y_valid)], verbose=False)
kf.report(accuracy=model.score(X_valid, y_valid))
"""


def test_a_boosted_model_is_kept_in_its_own_format_searched_promoted_served_and_predicted_with():
    client = kf.connect()
    rng = np.random.default_rng(7)
    rows = pd.DataFrame({"price": rng.gamma(2, 30, 400), "shop": rng.choice(["a", "b"], 400)})
    rows.loc[::17, "price"] = np.nan  # which its trees have a branch for
    rows["sold"] = (rows["price"].fillna(0) < 50).astype("int64")
    client.data("sales", rows)
    client.transform(TRANSFORM, name="prices", data="sales", target="sold", scope={"pd": pd})
    asked = {"data": "sales", "transform": "prices", "wait": True}
    run = client.train(CELL, name="sold", params={"n": 5}, **asked)
    assert run.error is None and run.metrics["accuracy"] > 0.9
    client.tune(
        "sold", params={"n": "int(2, 8)"}, metric="accuracy", maximize=True, trials=2
    ).wait()
    model = client.promote("sold")
    assert model.manifest["flavour"] == "xgboost"
    assert {file.rpartition(".")[2] for file in model.manifest["files"]} & {"ubj", "json"}

    endpoint = client.serve("sold", wait=True)
    try:
        assert endpoint.parity["rows"] > 0
        fresh = rows.drop(columns="sold").head(20)
        over_the_wire = client.predict("sold", fresh)
    finally:
        client.stop("sold")
    here = load(Blobs(client.store.root), model.digest).predict(fresh)
    np.testing.assert_array_equal(over_the_wire["prediction"], here["prediction"])
    np.testing.assert_array_equal(over_the_wire["probability_1"], here["probability"][:, 1])
