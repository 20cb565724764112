"""Where results of a batch are written, and that a CSV means the same everywhere."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jupyter_kf.blobs import Blobs
from jupyter_kf.errors import BatchError
from jupyter_kf.store import datasets
from jupyter_kf.worker import batch, batch_read, batch_write
from jupyter_kf.worker.data import load_table
from jupyter_kf.worker.tables import to_table


def targets(pattern: Path, output: Path, form: str = "parquet") -> list[str]:
    asked = batch.Asked("r-1", "", str(pattern), output, 100, (), form, True)
    found = batch._targets(batch_read.find(str(pattern), output), asked)
    return [path.relative_to(output).as_posix() for path in found]


@pytest.fixture
def inputs(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    return folder


def test_a_link_to_a_file_elsewhere_has_its_result_below_the_output(tmp_path, inputs):
    (tmp_path / "lake").mkdir()
    (tmp_path / "lake" / "day.csv").write_text("x\n1\n")
    (inputs / "day.csv").symlink_to(tmp_path / "lake" / "day.csv")
    (inputs / "deep").symlink_to(tmp_path / "lake")
    assert targets(inputs / "*.csv", tmp_path / "res", "csv") == ["day.csv"]
    assert targets(inputs / "**/*.csv", tmp_path / "res", "csv") == ["day.csv", "deep/day.csv"]


def test_a_result_in_the_place_of_an_input_is_refused(tmp_path, inputs):
    (inputs / "day.csv").write_text("x\n1\n")
    with pytest.raises(BatchError) as caught:
        targets(inputs / "*.csv", inputs, "csv")
    assert caught.value.code == 2414 and "one of the inputs" in caught.value.cause
    assert targets(inputs / "*.csv", inputs) == ["day.parquet"]
    (tmp_path / "same").symlink_to(inputs)
    with pytest.raises(BatchError) as caught:
        targets(inputs / "*.csv", tmp_path / "same", "csv")
    assert caught.value.code == 2414


def test_a_result_that_would_leave_the_output_is_refused(tmp_path, inputs):
    for folder in ("in/a", "other", "res"):
        (tmp_path / folder).mkdir()
    (inputs / "a" / "day.csv").write_text("x\n1\n")
    (tmp_path / "res" / "a").symlink_to(tmp_path / "other")
    with pytest.raises(BatchError) as caught:
        targets(inputs / "**/*.csv", tmp_path / "res")
    assert caught.value.code == 2414 and "is not in" in caught.value.cause


def test_two_inputs_never_have_one_result(tmp_path, inputs):
    for name in ("a.csv", "a.parquet", "a.csv.parquet"):
        (inputs / name).write_text("x\n1\n")
    with pytest.raises(BatchError) as caught:
        targets(inputs / "*", tmp_path / "res")
    assert caught.value.code == 2415 and "a.csv.parquet" in caught.value.what


@pytest.mark.parametrize("name", ["rep [1].csv", "rep[1-3]/day.csv", "rep[1-3]/*.csv"])
def test_a_file_whose_name_looks_like_a_pattern_is_found(inputs, tmp_path, name):
    file = inputs / name.replace("*", "day")
    file.parent.mkdir(exist_ok=True)
    file.write_text("x\n1\n")
    assert [s.path for s in batch_read.find(str(inputs / name), tmp_path / "res")] == [file]


def test_a_csv_means_the_same_to_pandas_a_dataset_a_prediction_and_a_batch(tmp_path, store_dir):
    path = tmp_path / "rows.csv"
    path.write_text(
        'country,note,x\nNA,"",1\nnull,a,2\nDE,,3\n"NA",n/a,-NaN\nFR,None,#NA\n"AT","b",""\n'
    )
    frame = pd.read_csv(path)
    want = frame.astype(object).where(frame.notna(), None).to_dict("records")
    blobs = Blobs(store_dir)
    table = load_table(blobs, datasets.snapshot_files(blobs, str(path)).digest)
    assert table.to_pylist() == want
    assert datasets.read_table(path).to_pylist() == want
    schema = to_table(frame).schema
    source = batch_read.find(str(path), tmp_path / "res")[0]
    pieces = batch_read.read(source, batch_read.Needed(schema), 100).pieces
    assert [row for piece in pieces for row in piece.to_pylist()] == want


def test_a_column_that_is_passed_on_stays_as_it_stands(tmp_path, monkeypatch):
    monkeypatch.setattr(batch_read, "_BLOCK", 64)
    path = tmp_path / "rows.csv"
    ids = ["NA", "001", "null", "a b"] * 20
    path.write_text("id,x,none\n" + "".join(f'{one},{n},\n"",NA,""\n' for n, one in enumerate(ids)))
    schema = to_table(pd.DataFrame({"x": [1.0]})).schema
    source = batch_read.find(str(path), tmp_path / "res")[0]
    pieces = batch_read.read(source, batch_read.Needed(schema, ("id", "none")), 100).pieces
    rows = [row for piece in pieces for row in piece.to_pylist()]
    assert [row["id"] for row in rows] == [one for name in ids for one in (name, "")]
    assert [row["x"] for row in rows[:4]] == [0.0, None, 1.0, None]
    assert [row["none"] for row in rows[:2]] == [None, ""]


def test_a_result_that_another_batch_finishes_meanwhile_is_never_emptied(tmp_path, monkeypatch):
    folder = tmp_path / "out"
    folder.mkdir()
    target, partial = folder / "a.parquet", folder / ".a.parquet.partial"
    schema = pa.schema([("x", pa.int64())])
    real = batch_write.locks.claim

    def finished_by_another(descriptor):
        monkeypatch.setattr(batch_write.locks, "claim", real)
        partial.write_bytes(b"the other's result")
        partial.replace(target)
        return real(descriptor)

    monkeypatch.setattr(batch_write.locks, "claim", finished_by_another)
    with batch_write.new_file(target, "parquet", schema, {}) as writer:
        assert target.read_bytes() == b"the other's result"
        writer.write_table(pa.table({"x": [1]}))
    assert pq.read_table(target).column("x").to_pylist() == [1]
    assert [path.name for path in folder.iterdir()] == ["a.parquet"]
