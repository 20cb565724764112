"""Every seeded skew is found; no honest transform is refused."""

from __future__ import annotations

import pandas as pd
import pytest

from jupyter_kf.blobs import Blobs
from jupyter_kf.errors import TransformError
from jupyter_kf.worker.certify import verify
from jupyter_kf.worker.transform import load

ELSEWHERE, BATCH, RAISES, ROWS = 1341, 1342, 1320, 1321

# name: (what it is refused with, a word of the explanation, body of transform(df), head)
SKEWS = {
    "the clock": (ELSEWHERE, "clock", "df['x'] = df.hour + pd.Timestamp.now().year"),
    "the age in days": (
        ELSEWHERE, "clock",
        "df['x'] = (pd.Timestamp(datetime.date.today(), tz='UTC') - df['at']).dt.days",
        "import datetime",
    ),
    "time.time": (ELSEWHERE, "clock", "df['x'] = int(time.time() // 86400)", "import time"),
    "now as text": (ELSEWHERE, "clock", "df['x'] = np.datetime64('today').astype(int)"),
    "random noise": (ELSEWHERE, "random", "df['x'] = df.hour + np.random.rand(len(df))"),
    "sample": (ELSEWHERE, "random", "df['x'] = df.hour.sample(frac=1).to_numpy()"),
    "the order of a set": (
        ELSEWHERE, "set",
        "df['x'] = df.carrier.map({c: i for i, c in enumerate({'UA', 'B6', 'EV', 'DL', 'OO'})})",
    ),
    "hash()": (ELSEWHERE, "hash", "df['x'] = df.carrier.map(lambda c: hash(c) % 1000)"),
    "the locale": (
        ELSEWHERE, "locale", "df['x'] = [locale.atof(f'{h}.25') for h in df.hour]", "import locale"
    ),
    "the local time zone": (
        ELSEWHERE, "time zone",
        "df['x'] = [datetime.datetime.fromtimestamp(t.timestamp()).hour for t in df['at']]",
        "import datetime",
    ),
    "an environment variable": (
        ELSEWHERE, "environment", "df['x'] = len(os.environ.get('KF_SCALE', ''))", "import os"
    ),
    "a file beside the notebook": (
        ELSEWHERE, "file", "df['x'] = float(open('scale.txt').read())"
    ),
    "a file somewhere": (ELSEWHERE, "file", "df['x'] = len(open('/etc/passwd').read()) * 0"),
    "a global counter": (
        ELSEWHERE, "earlier calls", "CALLS.append(1); df['x'] = len(CALLS)", "CALLS = []"
    ),
    "a mutable default": (
        BATCH, "`x`",
        "df['x'] = df.distance - remembered(df)",
        "def remembered(df, held={}):\n    return held.setdefault('m', df.distance.max())",
    ),
    "the batch's mean": (BATCH, "`x`", "df['x'] = df.distance - df.distance.mean()"),
    "the batch's rank": (BATCH, "`x`", "df['x'] = df.distance.rank()"),
    "fillna with the batch's median": (
        BATCH, "`delay`", "df['delay'] = df.delay.fillna(df.delay.median())"
    ),
    "a running sum": (BATCH, "`x`", "df['x'] = df.distance.cumsum()"),
    "the row before": (BATCH, "`x`", "df['x'] = df.distance.shift(1).fillna(0)"),
    "get_dummies of the batch": (
        BATCH, "carrier_", "df = pd.get_dummies(df, columns=['carrier']).drop(columns='tail')"
    ),
    "category codes of the batch": (
        BATCH, "`x`", "df['x'] = df.carrier.astype('category').cat.codes"
    ),
    "factorize by first appearance": (BATCH, "`x`", "df['x'] = pd.factorize(df.carrier)[0]"),
    "min-max scaling of the batch": (
        BATCH, "`x`", "df['x'] = df.hour / df.hour.max()"
    ),
    "quantile bins of the batch": (
        BATCH, "x", "df['x'] = pd.qcut(df.distance, 4, labels=False, duplicates='drop')"
    ),
    "a duplicate flag": (BATCH, "`x`", "df['x'] = df['tail'].duplicated()"),
    "a type that follows the batch": (
        BATCH, "`x`", "df['x'] = 1 if df.delay.isna().any() else 0"
    ),
    "a sort": (ROWS, "order", "df = df.sort_values('distance')"),
    "a hidden sort": (
        BATCH, "`distance`", "df = df.sort_values('distance').reset_index(drop=True)"
    ),
    "dropped rows": (ROWS, "rows", "df = df.dropna()"),
    "another index": (ROWS, "index", "df = df.set_index('tail')"),
}  # fmt: skip

HEAD = "import numpy as np\nimport pandas as pd\n"


@pytest.mark.parametrize("name", SKEWS)
def test_a_seeded_skew_is_found_and_named(make, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KF_SCALE", "seven")
    (tmp_path / "scale.txt").write_text("2.5")
    code, word, body, *head = SKEWS[name]
    source = f"{HEAD}{''.join(head)}\n\ndef transform(df):\n    {body}\n    return df\n"
    with pytest.raises(TransformError) as caught:
        make(source)
    assert caught.value.code == code, str(caught.value)
    assert word in str(caught.value), str(caught.value)


def test_an_int_that_becomes_float_beside_a_null_is_refused_when_it_comes(make, blobs):
    frame = pd.DataFrame({"a": range(100), "b": range(100)})
    code = "def transform(df):\n    df['c'] = df.a.where(df.a >= 0)\n    return df\n"
    made = make(code, frame)
    assert any("`a`" in fact for fact in made["facts"])
    loaded = load(blobs, made["transform"])
    with pytest.raises(TransformError) as caught:
        loaded.transform(pd.DataFrame({"a": [-5], "b": [1]}))
    assert caught.value.code == 1319 and "`c`" in caught.value.what


def test_another_version_of_a_package_is_named_and_refused(make, blobs):
    made = make("def transform(df):\n    return df\n")
    manifest = blobs.get_json(made["transform"])
    manifest["packages"]["pandas"] = "2.2.0"
    digest = blobs.put_json(manifest)
    with pytest.raises(TransformError) as caught:
        load(blobs, digest)
    assert caught.value.code == 1340 and "pandas 2.2.0" in caught.value.what
    report = verify(blobs, digest)
    assert not report["ok"] and report["environment"][0]["package"] == "pandas"


def test_a_transform_that_depends_on_its_batch_is_kept_for_batches_when_asked(make, blobs):
    made = make(
        "def transform(df):\n    df['x'] = df.distance - df.distance.mean()\n    return df\n",
        batch_only=True,
    )
    assert made["row_wise"] is False
    assert blobs.get_json(made["transform"])["row_wise"] is False
    assert blobs.get_json(made["certificate"])["ok"]


HONEST = {
    "columns as they are": "def transform(df):\n    return df\n",
    "arithmetic": """
def transform(df):
    df["ratio"] = df.delay / df.distance
    df["log"] = np.log1p(df.distance.clip(lower=0))
    return df.drop(columns=["tail"])
""",
    "learned means and frequencies": """
def fit(df):
    return {"mean": df.delay.mean(), "n": df.carrier.value_counts()}

def transform(df, state):
    out = pd.DataFrame({"delay": df.delay.fillna(state["mean"])})
    out["n"] = df.carrier.map(state["n"]).fillna(0).astype("float64")
    return out
""",
    "one-hot over learned categories": """
def fit(df):
    return sorted(df.carrier.unique())

def transform(df, state):
    kind = pd.CategoricalDtype(state)
    return pd.get_dummies(df.carrier.astype(kind), prefix="carrier", dtype="float64")
""",
    "a category with a fixed domain": """
KIND = pd.CategoricalDtype(["UA", "B6", "EV", "DL", "OO", "other"])

def transform(df):
    known = df.carrier.where(df.carrier.isin(KIND.categories), "other")
    return pd.DataFrame({"carrier": known.astype(KIND)})
""",
    "local time of a named zone": """
def transform(df):
    at = df["at"].dt.tz_convert("America/New_York")
    return pd.DataFrame({"hour": at.dt.hour.astype("float64"), "day": at.dt.dayofweek * 1.0})
""",
    "text": """
def transform(df):
    return pd.DataFrame({"first": df['tail'].str[:2].str.lower(), "n": df.carrier.str.len() * 1.0})
""",
    "a set asked only whether": """
LARGE = {"UA", "DL"}

def transform(df):
    return pd.DataFrame({"large": df.carrier.isin(LARGE)})
""",
    "a seeded generator of its own": """
def transform(df):
    weights = np.random.default_rng(3).normal(size=2)
    return pd.DataFrame({"x": df.hour * weights[0] + df.distance * weights[1]})
""",
    "an array": """
def transform(df):
    return df[["hour", "distance"]].to_numpy() * 2.0
""",
    "a fixed date": """
import datetime

def transform(df):
    since = pd.Timestamp(datetime.date(2013, 1, 1), tz="UTC")
    return pd.DataFrame({"days": (df["at"] - since).dt.total_seconds() / 86400})
""",
    "scikit-learn": """
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder

def fit(df):
    steps = [("n", SimpleImputer(), ["delay", "distance"]),
             ("c", OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["carrier"])]
    return ColumnTransformer(steps).fit(df)

def transform(df, state):
    return pd.DataFrame(state.transform(df), columns=state.get_feature_names_out())
""",
}


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_transform_is_certified(make, blobs: Blobs, name):
    made = make(HEAD + HONEST[name], target="late")
    assert made["row_wise"] is True
    certificate = blobs.get_json(made["certificate"])
    assert certificate["ok"] and certificate["findings"] == []
    assert 64 <= certificate["rows"] <= 256


def test_an_honest_polars_transform_is_certified(make, blobs):
    made = make(
        "import polars as pl\n\n\ndef fit(df):\n    return df['delay'].mean()\n\n\n"
        "def transform(df, state):\n"
        "    return df.select(pl.col('delay').fill_null(state), pl.col('hour') * 0.5,\n"
        "                     pl.col('carrier').str.to_lowercase())\n",
        target="late",
        frame="polars",
    )
    assert blobs.get_json(made["certificate"])["ok"]
    assert blobs.get_json(made["transform"])["frame"] == "polars"


DIVIDED = """
import polars as pl


def transform(df):
    return df.select(pl.col("hour") / 24)
"""


def test_a_library_that_rounds_a_row_unlike_a_batch_is_found_and_can_be_declared(make, blobs):
    """polars divides a column by a constant through its reciprocal, and one row really."""
    with pytest.raises(TransformError) as caught:
        make(DIVIDED, target="late", frame="polars")
    assert caught.value.code == BATCH and "`hour`" in caught.value.cause
    assert "--ulp" in caught.value.fix
    made = make(DIVIDED, target="late", frame="polars", ulp=1)
    assert made["row_wise"] and blobs.get_json(made["transform"])["ulp"] == 1
