"""Every pandas and polars object comes back from its file exactly as it was."""

from __future__ import annotations

import datetime as dt
import decimal
import tempfile
import zoneinfo
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from polars.testing import assert_frame_equal as polars_equal
from polars.testing.parametric import dataframes

from jupyter_kf.capture.cell import Captured, write
from jupyter_kf.capture.frames import Unpackable
from jupyter_kf.capture.values import data_value
from jupyter_kf.worker.bind import load_inputs


def trip(value):
    """The value after it was written and read."""
    with tempfile.TemporaryDirectory() as folder:
        write(Captured("", values={"v": data_value(value)}), Path(folder))
        return load_inputs(Path(folder))["v"]


def same(got, old) -> None:
    if isinstance(old, pd.DataFrame):
        pd.testing.assert_frame_equal(
            got, old, check_exact=True, check_freq=True, check_column_type="exact"
        )
        same(got.columns, old.columns)
        same(got.index, old.index)
    elif isinstance(old, pd.Series):
        pd.testing.assert_series_equal(got, old, check_exact=True, check_freq=True)
        assert got.name == old.name and type(got.name) is type(old.name)
    else:
        assert type(got) is type(old)
        pd.testing.assert_index_equal(got, old, exact=True)
        assert getattr(got, "freq", None) == getattr(old, "freq", None)


TEXT = st.text(max_size=5)
MISSING = st.sampled_from([None, float("nan"), pd.NA])
COLUMNS = {
    "int": hnp.arrays(st.sampled_from(["i1", "i8", "u8"]), 4),
    "float": hnp.arrays(st.sampled_from(["f2", "f4", "f8", "c16"]), 4),
    "bool": hnp.arrays("bool", 4),
    "time": hnp.arrays(st.sampled_from(["M8[s]", "M8[ns]", "m8[us]"]), 4),
    "text": st.lists(TEXT, min_size=4, max_size=4).map(lambda v: pd.array(v, dtype="str")),
    "objects": st.lists(
        TEXT | st.none() | st.integers() | st.dates() | st.binary(max_size=3)
        | st.lists(st.integers(), max_size=2), min_size=4, max_size=4,
    ).map(lambda v: pd.Series(v, dtype=object).array),
    "text or missing": st.lists(TEXT | MISSING, min_size=4, max_size=4).map(
        lambda v: pd.Series(v, dtype=object).array),
    "nullable": st.lists(st.integers(-9, 9) | st.none(), min_size=4, max_size=4).map(
        lambda v: pd.array(v, dtype="Int64")),
    "category": st.lists(st.sampled_from(["a", "b", None]), min_size=4, max_size=4).map(
        lambda v: pd.Categorical(v, categories=["b", "z", "a"], ordered=True)),
    "zoned": st.lists(st.datetimes(dt.datetime(1950, 1, 1), dt.datetime(2100, 1, 1)), min_size=4,
                      max_size=4).map(lambda v: pd.DatetimeIndex(v, tz="UTC")
                                      .tz_convert("Europe/Berlin").array),
}  # fmt: skip
LABELS = TEXT | st.integers(-9, 9) | st.tuples(TEXT, st.integers(0, 3)) | st.dates()


@st.composite
def frames(draw) -> pd.DataFrame:
    made = [draw(COLUMNS[kind]) for kind in draw(st.lists(st.sampled_from(sorted(COLUMNS))))]
    frame = pd.DataFrame({n: pd.Series(v, dtype=v.dtype) for n, v in enumerate(made)})
    labels = draw(st.lists(LABELS, min_size=len(made), max_size=len(made)))  # doubles too
    frame.columns = pd.Index(labels, dtype=object, tupleize_cols=False)
    if made and draw(st.booleans()):
        frame.index = pd.Index(draw(st.lists(LABELS, min_size=4, max_size=4)), dtype=object,
                               tupleize_cols=False, name=draw(LABELS | st.none()))  # fmt: skip
    return frame


@given(frames())
@settings(max_examples=30)
def test_any_pandas_frame_comes_back(frame):
    same(trip(frame), frame)


@given(dataframes(excluded_dtypes=[pl.Object], max_cols=4, max_size=5))
@settings(max_examples=20)
def test_any_polars_frame_comes_back(frame):
    polars_equal(trip(frame), frame, check_exact=True)


@pytest.mark.filterwarnings("ignore:Stored array in format")
@given(
    hnp.arrays(hnp.scalar_dtypes() | hnp.array_dtypes(), hnp.array_shapes(min_dims=0, min_side=0))
)
@settings(max_examples=30)
def test_any_numpy_array_comes_back(array):
    got = trip(array)
    assert (got.dtype, got.shape) == (array.dtype, array.shape)
    assert got.tobytes() == array.tobytes()


BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
INDEXES = {
    "range": pd.RangeIndex(3, 9, 2, name="r"),
    "days": pd.date_range("2024-03-30", periods=3, freq="D", tz=BERLIN, name=("a", 1)),
    "month ends": pd.date_range("2024-01-31", periods=3, freq="ME", unit="s"),
    "irregular": pd.DatetimeIndex(["2024-10-27", None, "2020-01-01"], tz="+05:30"),
    "steps": pd.timedelta_range("1h", periods=3, freq="15min"),
    "periods": pd.period_range("2024Q1", periods=3, freq="Q-NOV"),
    "intervals": pd.interval_range(0.0, 3.0, closed="left"),
    "time intervals": pd.IntervalIndex.from_breaks(pd.date_range("2024", periods=4, tz="UTC")),
    "categories": pd.CategoricalIndex(["x", "y", "x"], categories=["y", "x", "w"]),
    "category of intervals": pd.CategoricalIndex(pd.cut([1, 5, np.nan], [0, 2, 9])),
    "texts": pd.Index(["é", None, ""], dtype="str", name=""),
    "string": pd.Index(["a", None, "c"], dtype="string"),
    "arrow": pd.Index([1, None, 3], dtype=pd.ArrowDtype(pa.int32())),
    "objects": pd.Index([1, "a", (2, 3)], dtype=object, tupleize_cols=False),
    "multi": pd.MultiIndex.from_product(
        [["b", "a"], pd.to_datetime(["2024-01-01"])], names=["k", None]
    ),
    "multi with missing": pd.MultiIndex.from_arrays([[1, None, 1], ["x", "y", None]]),
    "unused levels": pd.MultiIndex.from_product([list("abc"), [1, 2]])[:2],
    "empty": pd.Index([], dtype="float32"),
    "masked": pd.Index([True, None, False], dtype="boolean"),
    "masked floats": pd.Index([1.5, None], dtype="Float32"),
}


@pytest.mark.parametrize("name", INDEXES)
def test_any_index_comes_back_alone_in_a_frame_and_as_columns(name):
    index = INDEXES[name]
    same(trip(index), index)
    same(trip(pd.Series(range(len(index)), index=index)), pd.Series(range(len(index)), index=index))
    wide = pd.DataFrame(np.zeros((2, len(index))), columns=index)
    same(trip(wide), wide)
    if not isinstance(index, pd.MultiIndex | pd.RangeIndex):
        same(
            trip(index.to_series(index=range(len(index)))), index.to_series(index=range(len(index)))
        )


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame(),
        pd.DataFrame(index=[3, 4]),
        pd.DataFrame(columns=["a", "b"]),
        pd.DataFrame({"a": []}, dtype="Int64"),
        pd.DataFrame([[1, 2.5]], columns=["a", "a"]),
        pd.DataFrame({"a": ["\ud800", None]}, dtype=object),
        pd.DataFrame({"d": [decimal.Decimal("1.10"), None, dt.time(1, 2)]}),
        pd.DataFrame({"o": [{"k": [1, {"z": None}]}, [1, "a"]]}),
        pd.DataFrame({"s": ["a", np.nan, None]}, dtype=object),
        pd.DataFrame({"x": np.array([1.5, -0.0, np.nan], dtype=">f8")}),
        pd.DataFrame({"l": pd.Series([[1], None], dtype=pd.ArrowDtype(pa.list_(pa.int8())))}),
        pd.DataFrame({"p": pd.Series(["a", None], dtype=pd.StringDtype("python"))}),
    ],
    ids=range(12),
)  # fmt: skip
def test_odd_frames_come_back(frame):
    same(trip(frame), frame)


def test_attrs_and_missing_values_keep_their_kinds():
    frame = pd.DataFrame({"a": pd.Series([None, "x"], dtype=object),
                          "b": pd.Series([float("nan"), "x"], dtype=object)})  # fmt: skip
    frame.attrs = {"unit": "min", "on": dt.date(2024, 1, 2)}
    got = trip(frame)
    assert got.attrs == frame.attrs
    assert got["a"][0] is None and isinstance(got["b"][0], float)


def test_a_frame_that_came_back_is_its_owners_to_change():
    got = trip(pd.DataFrame({"a": [1, 2], "t": pd.to_datetime(["2024", "2025"]), "s": ["x", "y"]}))
    got.loc[0] = [9, pd.Timestamp("2030"), "z"]
    got["a"].to_numpy(copy=True)[0] = 1
    assert got.iloc[0].tolist() == [9, pd.Timestamp("2030"), "z"]


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (pd.DataFrame({"q": [object()]}), "column 'q'"),
        (pd.DataFrame({"z": pd.arrays.SparseArray([0, 1])}), "column 'z'"),
        (pd.Series([1], name=object()), "its name"),
        (np.array([object()]), "Python objects"),
        (pl.DataFrame({"o": pl.Series([object()], dtype=pl.Object)}), "column 'o'"),
    ],
)
def test_what_can_not_be_stored_exactly_is_named(value, named):
    with pytest.raises(Unpackable, match=named):
        data_value(value)
