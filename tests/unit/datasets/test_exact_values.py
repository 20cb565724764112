"""Values that a dataset could change on the way: kept exactly, or refused by column."""

from __future__ import annotations

import datetime
import decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jupyter_kf.blobs import Blobs
from jupyter_kf.errors import DataError
from jupyter_kf.store.datasets import read_table, snapshot_files, snapshot_frame
from jupyter_kf.worker import data

LARGE = 2**53 + 1


@pytest.fixture
def blobs(store_dir):
    return Blobs(store_dir)


@pytest.fixture
def snap(blobs):
    """``snap(frame or pattern)``: the frame that the dataset gives back."""

    def run(rows):
        keep = snapshot_frame if hasattr(rows, "columns") or hasattr(rows, "schema") else (
            lambda blobs, pattern: snapshot_files(blobs, str(pattern))
        )  # fmt: skip
        return data.to_frame(data.load_table(blobs, keep(blobs, rows).digest))

    return run


@pytest.mark.parametrize(
    ("values", "code", "words"),
    [
        ([datetime.date(2020, 1, 1), datetime.datetime(2020, 1, 1, 13)], 1403, "date and datetime"),
        ([datetime.time(1, 2, tzinfo=datetime.UTC)], 1403, "with a zone"),
        ([{"x": 1}, {"y": 2}], 1405, "`v` (object)"),
        (pd.cut([1.0, 2.0, 3.0], 2), 1405, "`v` (category)"),
        (pd.Categorical(pd.period_range("2020", periods=2, freq="M")), 1405, "`v` (category)"),
        (pd.to_datetime(["2020-01-01"]).tz_localize("dateutil/Europe/Berlin"), 1405, "`v` (date"),
    ],
    ids=["moments", "zoned times", "dicts", "intervals", "periods", "dateutil"],
)
def test_what_would_come_back_as_something_else_is_refused(blobs, values, code, words):
    frame = pd.DataFrame({"fine": 1.0, "v": pd.Series(values)})
    with pytest.raises(DataError) as caught:
        snapshot_frame(blobs, frame)
    assert caught.value.code == code and words in caught.value.what


ZONED = pd.to_datetime(["2020-01-01", "2020-06-01"]).tz_localize("America/New_York")


@pytest.mark.parametrize(
    "values",
    [
        pd.Categorical(ZONED),
        pd.Categorical([ZONED[1], None], categories=ZONED, ordered=True),
        pd.array([decimal.Decimal("1.50"), None], pd.ArrowDtype(pa.decimal128(4, 2))),
        pd.array([[1, 2], None], pd.ArrowDtype(pa.list_(pa.int64()))),
        pd.array(["a", None], pd.ArrowDtype(pa.string())),
        pd.array([LARGE, None], "Int64"),
        pd.Series([decimal.Decimal("1.50"), None], dtype=object),
    ],
    ids=["zones", "ordered zones", "decimal", "list", "text", "whole", "decimal objects"],
)
def test_what_pandas_and_arrow_hold_alike_comes_back(snap, values):
    frame = pd.DataFrame({"first": [1, 2], "v": values, "last": ["a", "b"]})
    pd.testing.assert_frame_equal(snap(frame), frame, check_exact=True)
    pd.testing.assert_frame_equal(snap(frame[["v"]]), frame[["v"]], check_exact=True)


def test_lists_and_records_with_missing_values_inside_are_kept(snap):
    frame = pd.DataFrame(
        {"l": [[1, np.nan], None, []], "r": [{"x": 1.5, "y": None}, {"x": np.nan, "y": "a"}, None]}
    )
    back = snap(frame)
    assert str(back.l.tolist()) == "[array([ 1., nan]), None, array([], dtype=float64)]"
    assert back.r[0] == {"x": 1.5, "y": None} and back.r[2] is None


def test_large_floats_of_a_csv_are_no_whole_numbers(snap, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("x,y\n" + "1e20,-12345678901234567890.5\n" * 3)
    assert snap(path).x.tolist() == [1e20] * 3


def test_whole_numbers_beside_a_null_stay_exact(snap, tmp_path):
    frame = pd.DataFrame({"n": pd.array([LARGE, None], "Int64"), "small": [1, 2]})
    frame.to_parquet(tmp_path / "a.parquet")
    pq.write_table(pa.table({"n": pa.array([LARGE, None], pa.uint64())}), tmp_path / "b.parquet")
    (tmp_path / "c.csv").write_text(f"n,small\n{LARGE},1\n,2\n")
    pd.testing.assert_frame_equal(snap(tmp_path / "a.parquet"), frame)
    pd.testing.assert_frame_equal(snap(pq.read_table(tmp_path / "a.parquet")), frame)
    pd.testing.assert_frame_equal(snap(tmp_path / "c.csv"), frame)
    assert snap(tmp_path / "b.parquet").n.tolist() == [LARGE, pd.NA]
    assert snap(pa.table({"n": [1, None]})).n.dtype == np.float64, "as pandas has it, when exact"


def test_a_parquet_file_is_the_frame_that_pandas_reads_from_it(snap, tmp_path):
    frame = pd.DataFrame(
        {"b": pd.array([True, None], "boolean"), "s": pd.array(["a", None], "string")}, [7, 3]
    )
    frame.to_parquet(tmp_path / "a.parquet")
    want = frame.reset_index(drop=True)
    pd.testing.assert_frame_equal(snap(tmp_path / "a.parquet"), want)
    pd.testing.assert_frame_equal(snap(pq.read_table(tmp_path / "a.parquet")), want)
    assert read_table(tmp_path / "a.parquet").column_names == ["b", "s"]
    frame.set_axis(["x", "y"]).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(DataError) as caught:
        snap(tmp_path / "a.parquet")
    assert caught.value.code == 1427
    frame.rename_axis("id").to_parquet(tmp_path / "a.parquet")
    assert set(snap(tmp_path / "a.parquet").columns) == {"id", "b", "s"}


def test_long_whole_numbers_of_a_csv_are_refused_rather_than_made_equal(snap, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id,x\n12345678901234567890,1\n12345678901234567891,2\n")
    with pytest.raises(DataError) as caught:
        snap(path)
    assert caught.value.code == 1426 and "`id`" in caught.value.what
    path.write_text("id,x\n9223372036854775807,1e300\n9223372036854775806,inf\n")
    assert snap(path).id.tolist() == [9223372036854775807, 9223372036854775806]


def test_ordered_categories_of_several_files_have_one_order(snap, tmp_path):
    def write(*files):
        for old in tmp_path.glob("*.parquet"):
            old.unlink()
        for n, (ordered, domain) in enumerate(files):
            values = pd.Categorical(domain, domain, ordered=ordered)
            pd.DataFrame({"c": values}).to_parquet(tmp_path / f"{n}.parquet")
        return tmp_path / "*.parquet"

    found = snap(write((True, ["low", "high"]), (True, ["low", "mid", "high"]))).c
    assert found.cat.categories.tolist() == ["low", "mid", "high"] and found.cat.ordered
    assert found.tolist() == ["low", "high", "low", "mid", "high"]
    for other in [(True, ["high", "low"]), (True, ["mid", "high"]), (False, ["low", "high"])]:
        with pytest.raises(DataError) as caught:
            snap(write((True, ["low", "high"]), other))
        assert caught.value.code == 1425
