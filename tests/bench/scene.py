"""The case that the endpoint's figures are about: 30 columns, a pandas transform, a logistic
regression; and the same transform in numpy.

The code below is a cell's text, so that the notebook, the peers and the bare server run the very
same functions.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

NUMBERS = [f"n{i}" for i in range(20)]
WORDS = [f"w{i}" for i in range(10)]
LEVELS = ("low", "middle", "high")

PANDAS = """
import pandas as pd

def fit(df):
    numbers = [c for c in df.columns if c.startswith("n")]
    words = [c for c in df.columns if c.startswith("w")]
    return {
        "means": {c: float(df[c].mean()) for c in numbers},
        "scales": {c: float(df[c].std()) for c in numbers},
        "levels": {c: sorted(df[c].dropna().unique().tolist()) for c in words},
    }

def transform(df, state):
    out = {}
    for c, mean in state["means"].items():
        out[c] = (df[c].fillna(mean) - mean) / state["scales"][c]
    for c, levels in state["levels"].items():
        for level in levels:
            out[c + "_" + level] = (df[c] == level).astype("float64")
    return pd.DataFrame(out, index=df.index)
"""

NUMPY = """
import numpy as np
import pandas as pd

def fit(df):
    numbers = [c for c in df.columns if c.startswith("n")]
    words = [c for c in df.columns if c.startswith("w")]
    return {
        "numbers": numbers,
        "means": [float(df[c].mean()) for c in numbers],
        "scales": [float(df[c].std()) for c in numbers],
        "words": words,
        "levels": [sorted(df[c].dropna().unique().tolist()) for c in words],
    }

def transform(df, state):
    rows = len(df)
    blocks = []
    names = list(state["numbers"])
    for c, mean, scale in zip(state["numbers"], state["means"], state["scales"]):
        values = np.asarray(df[c], dtype="float64")
        blocks.append((np.where(np.isnan(values), mean, values) - mean) / scale)
    for c, levels in zip(state["words"], state["levels"]):
        words = np.asarray(df[c], dtype=object)
        for level in levels:
            names.append(c + "_" + level)
            blocks.append((words == level).astype("float64"))
    return pd.DataFrame(np.stack(blocks, axis=1), columns=names, index=df.index)
"""

TRAIN = """
from sklearn.linear_model import LogisticRegression
model = LogisticRegression(max_iter=200).fit(X_train, y_train)
"""


def frame(rows: int = 5000) -> pd.DataFrame:
    """Rows with nulls in every kind of column, and an answer that can be learnt."""
    random = np.random.default_rng(7)
    data: dict[str, Any] = {name: random.normal(size=rows) for name in NUMBERS}
    for name in NUMBERS[::4]:
        data[name][random.random(rows) < 0.05] = np.nan
    for name in WORDS:
        data[name] = random.choice(LEVELS, rows).astype(object)
    table = pd.DataFrame(data)
    table.loc[random.random(rows) < 0.05, "w3"] = None
    answer = table["n1"] + (table["w1"] == "high") + random.normal(scale=0.3, size=rows)
    return table.assign(late=(answer > 0.3).astype("int64"))


def record(row: pd.Series) -> dict[str, Any]:
    """One row as a request says it: nulls are null."""
    plain = {name: getattr(value, "item", lambda v=value: v)() for name, value in row.items()}
    return {name: None if pd.isna(value) else value for name, value in plain.items()}


class Direct:
    """The functions called as they are, in this process: what every server is compared with."""

    def __init__(self, folder: Path) -> None:
        scene = json.loads((folder / "scene.json").read_text())
        names: dict[str, Any] = {}
        exec(scene["code"], names)
        self._transform, self._state = names["transform"], scene["state"]
        self._columns = scene["columns"]
        from sklearn.linear_model import LogisticRegression

        self._model = LogisticRegression()
        self._model.coef_ = np.array(scene["coef"])
        self._model.intercept_ = np.array(scene["intercept"])
        self._model.classes_ = np.array([0, 1])

    def predict(self, rows: list[dict[str, Any]]) -> np.ndarray[Any, Any]:
        """Probabilities of the classes, (rows, 2)."""
        kinds = {name: float if name.startswith("n") else object for name in self._columns}
        columns = {k: np.array([row[k] for row in rows], dtype) for k, dtype in kinds.items()}
        table = pd.DataFrame(columns)
        prepared = self._transform(table, self._state)
        return self._model.predict_proba(prepared.to_numpy())


def write_scene(folder: Path, code: str, table: pd.DataFrame) -> None:
    """What `Direct` needs, as text, for any Python: code, state, coefficients."""
    from sklearn.linear_model import LogisticRegression

    names: dict[str, Any] = {}
    exec(code, names)
    inputs = table.drop(columns="late")
    state = names["fit"](inputs)
    prepared = names["transform"](inputs, state)
    model = LogisticRegression(max_iter=200).fit(prepared.to_numpy(), table["late"])
    scene = {"code": code, "state": state, "columns": list(inputs.columns)}
    scene |= {"coef": model.coef_.tolist(), "intercept": model.intercept_.tolist()}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "scene.json").write_text(json.dumps(scene))
