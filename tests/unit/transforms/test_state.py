"""What fit learned comes back exactly, in the same bytes, without running code."""

from __future__ import annotations

import collections
import datetime
import json
import re
import subprocess
import sys
import zoneinfo

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_kf.errors import TransformError
from jupyter_kf.worker.state import decode, encode, is_unsafe

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
    | st.binary(max_size=8) | st.datetimes() | st.dates() | st.decimals(allow_nan=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner)
    | st.tuples(inner, inner) ,
    max_leaves=20,
)  # fmt: skip


@given(plain)
def test_plain_values_come_back_with_their_types_and_order(value):
    files = encode(value)
    back = decode(files)
    assert back == value and repr(back) == repr(value)
    assert encode(back) == files


@given(st.frozensets(st.integers() | st.text(), max_size=6))
def test_sets_come_back_whatever_their_order(value):
    assert decode(encode(value)) == value
    assert decode(encode(set(value))) == set(value)


@pytest.mark.parametrize(
    "value",
    [
        np.arange(6.0).reshape(2, 3).T,
        np.array(["2013-03-10T02:30", "NaT"], "M8[ns]"),
        np.float32(0.1),
        np.array(["a", None], dtype=object),
        np.str_(""),
        np.str_("a\0"),
        np.bytes_(b""),
        np.bytes_(b"a\0"),
        re.compile(b"a+", re.IGNORECASE),
        pd.Series(["a", None], dtype=object),
        pd.Series(["a", np.nan], index=pd.Index(["x", None], dtype=object), dtype=object),
        pd.Index(["a", None], dtype=object),
        pd.DataFrame({"o": ["a", None], "s": ["b", "c"]}).astype({"o": object}),
        pd.CategoricalDtype(pd.Index(["b", "a"], dtype=object)),
        pd.Series([1.5, None], index=["x", "y"], name="s"),
        pd.DataFrame({"a": pd.Categorical(["u"], ["v", "u"]), "b": pd.array([None], "Int64")}),
        pd.DataFrame({("a", "b"): [1]}, index=pd.MultiIndex.from_tuples([(1, "q")])),
        pd.Index(["p", "q"], name="n"),
        pd.Timestamp("2013-11-03T06:30", tz="UTC").tz_convert("America/New_York"),
        pd.CategoricalDtype(["b", "a"], ordered=True),
        pl.DataFrame({"x": [1, None], "y": ["a", "b"]}),
        collections.Counter("aab"),
        datetime.datetime(2013, 11, 3, 1, 30, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin"), fold=1),
    ],
    ids=lambda v: type(v).__name__,
)
def test_arrays_frames_and_times_come_back_exactly(value):
    files = encode({"v": value})
    back = decode(files)["v"]
    assert type(back) is type(value)
    assert encode({"v": back}) == files
    if isinstance(value, pd.DataFrame):
        pd.testing.assert_frame_equal(back, value, check_exact=True)
    elif isinstance(value, pd.Series):
        pd.testing.assert_series_equal(back, value, check_exact=True)


def test_nan_and_infinities_come_back():
    back = decode(encode([float("nan"), float("inf"), -0.0]))
    assert np.isnan(back[0]) and back[1] == np.inf and str(back[2]) == "-0.0"


PROGRAM = """
import hashlib, numpy as np, pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from jupyter_kf.worker.state import encode
df = pd.DataFrame({"a": [1.0, 2, 3], "b": ["x", "y", "x"]})
steps = [("s", StandardScaler(), ["a"]), ("o", OneHotEncoder(), ["b"])]
state = {"set": {"b", "a", "c"}, "object": ColumnTransformer(steps).fit(df), "frame": df}
print(hashlib.sha256(repr(sorted(encode(state).items())).encode()).hexdigest())
"""


def test_equal_states_give_equal_bytes_under_any_hash_seed():
    said = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM], env={"PYTHONHASHSEED": seed}, capture_output=True,
            text=True, check=True,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(said) == 1


class Mine:
    """A class that no other process has."""


def test_what_has_no_safe_form_is_refused_by_path_and_type():
    with pytest.raises(TransformError) as caught:
        encode({"model": {"parts": [1, Mine()]}})
    assert caught.value.code == 1330
    assert "state['model']['parts'][1]" in caught.value.what and "Mine" in caught.value.what


def test_a_pickle_is_written_only_when_asked_for_and_is_marked():
    files = encode({"f": json.dumps}, allow_pickle=True)
    assert is_unsafe(files) and decode(files)["f"] is json.dumps
    assert not is_unsafe(encode({"f": 1}))


def test_a_value_that_contains_itself_is_refused():
    loop: list = []
    loop.append(loop)
    with pytest.raises(TransformError) as caught:
        encode(loop)
    assert "contains itself" in caught.value.cause


def test_a_function_inside_a_fitted_object_is_refused():
    from sklearn.preprocessing import FunctionTransformer

    with pytest.raises(TransformError) as caught:
        encode(FunctionTransformer(Mine))
    assert caught.value.code == 1331
