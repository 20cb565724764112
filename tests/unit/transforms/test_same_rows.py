"""The same rows give the same features, however they are held on the way."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from jupyter_kf.store import datasets
from jupyter_kf.worker import prepared
from jupyter_kf.worker.transform import load

CODES = "def transform(df):\n    return df.c.cat.codes.to_frame('code')\n"


def test_categories_in_another_order_keep_the_codes_of_the_transform(make, blobs):
    first = pd.DataFrame({"c": pd.Categorical(["a", "b", "c"], ["a", "b", "c"])})
    second = pd.DataFrame({"c": pd.Categorical(["a", "b", "c"], ["c", "b", "a"])})
    digest = make(CODES, first)["transform"]
    loaded = load(blobs, digest)

    def prepare(frame):
        return prepared.apply(blobs, digest, datasets.snapshot_frame(blobs, frame).digest)

    assert prepare(first).column("code").to_pylist() == [0, 1, 2]
    assert prepare(second).column("code").to_pylist() == [0, 1, 2]
    assert loaded.transform(second).code.tolist() == [0, 1, 2]
    held = pa.Table.from_pandas(second)
    assert loaded.transform(held).code.tolist() == [0, 1, 2]
    assert loaded.transform_columns({"c": second.c}, 3).code.tolist() == [0, 1, 2]
    assert loaded.transform_columns({"c": second.c.array}, 3).code.tolist() == [0, 1, 2]


def test_categories_that_come_out_in_another_order_get_the_certified_codes(make, blobs):
    code = "def transform(df):\n    return df.c.to_frame('d')\n"
    frame = pd.DataFrame({"c": pd.Categorical(["a", "b"], ["a", "b"])})
    loaded = load(blobs, make(code, frame)["transform"])
    other = pd.DataFrame({"d": pd.Categorical(["a", "b"], ["b", "a"])})
    accepted = loaded.outputs.accept(other)
    assert accepted.d.tolist() == ["a", "b"] and accepted.d.cat.codes.tolist() == [0, 1]
