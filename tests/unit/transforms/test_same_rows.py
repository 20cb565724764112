"""The same rows give the same features, however they are held on the way."""

from __future__ import annotations

import datetime
import decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from jupyter_kf.errors import TransformError
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


def test_columns_of_every_kind_have_a_transform(make, blobs):
    frame = pd.DataFrame(
        {
            "waited": pd.to_timedelta([1, None, 3], unit="s"),
            "half": np.array([1, np.nan, 3], "float16"),
            "whole_half": np.array([1, 2, 3], "float16"),
            "day": [datetime.date(2020, 1, 1), None, datetime.date(2020, 1, 3)],
            "at": [datetime.time(1, 2), None, datetime.time(3)],
            "price": [decimal.Decimal("1.50"), None, decimal.Decimal("2")],
            "raw": [b"a", None, b"b"],
            "list": [[1], None, [2, 3]],
            "zone": pd.Categorical(
                pd.to_datetime(["2020-01-01", None, "2020-06-01"]).tz_localize("Europe/Berlin")
            ),
            "arrow": pd.array(
                [decimal.Decimal("1.50"), None, None], pd.ArrowDtype(pa.decimal128(4, 2))
            ),
        }
    )
    code = "def transform(df):\n    return df.drop(columns='list').assign(n=df.list.isna())\n"
    loaded = load(blobs, make(code, frame)["transform"])
    assert loaded.row_wise
    got = loaded.to_table(loaded.transform(loaded.golden_inputs()))
    assert got.equals(loaded.golden_outputs())
    pd.testing.assert_frame_equal(
        loaded.transform(frame).drop(columns="n"), frame.drop(columns="list")
    )


def test_a_transform_that_returns_intervals_is_told_what_to_return(make):
    code = (
        "import pandas as pd\n\ndef transform(df):\n    return pd.cut(df.x, [0, 2, 9]).to_frame()\n"
    )
    with pytest.raises(TransformError) as caught:
        make(code, pd.DataFrame({"x": [1.0, 2.5, 3.0]}))
    assert caught.value.code == 1324 and "labels" in caught.value.fix


@pytest.mark.parametrize("left", ["", "[]", '{"key": 1'])
def test_an_entry_that_a_crash_left_unwritten_is_made_again(blobs, left):
    prepared.remember(blobs, "prepared", ["a"], "value")
    assert prepared.recall(blobs, "prepared", ["a"]) == "value"
    prepared.cache_path(blobs, "prepared", ["a"]).write_text(left)
    assert prepared.recall(blobs, "prepared", ["a"]) is None
