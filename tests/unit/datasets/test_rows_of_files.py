"""Rows to predict from files: each format, and what can't be read."""

from __future__ import annotations

import json

import pandas as pd
import pyarrow as pa
import pytest

from jupyter_kf.blobs import Blobs
from jupyter_kf.client import orders
from jupyter_kf.client.rows import json_rows, read_rows
from jupyter_kf.errors import BatchError, DataError, KfError
from jupyter_kf.specs import BatchSpec
from jupyter_kf.store import Store
from jupyter_kf.store.datasets import snapshot_files
from jupyter_kf.worker import files

FRAME = pd.DataFrame({"km": [1.5, None], "zone": ["a", "ü"]})
TAKEN = pa.schema({"km": pa.float64(), "zone": pa.string()})
RECORDS = [{"km": 1.5, "zone": "a"}, {"km": None, "zone": "ü"}]


def arrow(path):
    table = pa.Table.from_pandas(FRAME)
    with pa.ipc.new_file(path, table.schema) as writer:
        writer.write_table(table)


WRITERS = {
    "rows.parquet": FRAME.to_parquet,
    "rows.csv": lambda path: FRAME.to_csv(path, index=False),
    "rows.tsv": lambda path: FRAME.to_csv(path, index=False, sep="\t"),
    "rows.arrow": arrow,
    "rows.JSON": lambda path: path.write_text(json.dumps(RECORDS)),
    "rows.jsonl": lambda path: path.write_text("\n".join(map(json.dumps, RECORDS)) + "\n"),
}


@pytest.mark.parametrize("name", WRITERS)
def test_each_format_gives_the_same_rows(tmp_path, name):
    WRITERS[name](tmp_path / name)
    rows = read_rows(tmp_path / name, lambda: TAKEN)
    assert (rows if isinstance(rows, list) else rows.to_pylist()) == RECORDS


def test_one_record_is_a_row():
    assert json_rows('{"km": 1.5, "zone": "a"}', "there") == RECORDS[0]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("gone.parquet", None, 1117),
        ("rows.xlsx", b"x", 1418),
        ("rows", b"x", 1418),
        ("rows.json", b"{", 1419),
        ("rows.json", b"\xff\xfe", 1419),
        ("rows.parquet", b"PAR1", 1414),
        ("rows.csv", b"", 2404),
        ("rows.csv", b"km,caf\xe9\n1,x\n", 2403),
        ("rows.csv", b"zone,km\nJos\xe9,1\n", 2410),
        ("rows.csv", b"zone;km\na;1,5\n", 2416),
    ],
)
def test_what_can_not_be_read_is_explained(tmp_path, name, content, code):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(KfError) as caught:
        read_rows(tmp_path / name, lambda: TAKEN)
    assert caught.value.code == code
    assert name in str(caught.value) and caught.value.cause and caught.value.fix


def test_a_file_of_column_names_alone_has_no_rows(tmp_path):
    (tmp_path / "rows.csv").write_text("zone,km,more\n")
    rows = read_rows(tmp_path / "rows.csv", lambda: TAKEN)
    assert (rows.num_rows, rows.column_names) == (0, ["km", "zone"])


def test_a_folder_is_for_batch(tmp_path):
    with pytest.raises(KfError, match="no file") as caught:
        read_rows(tmp_path, lambda: TAKEN)
    assert "%kf batch" in caught.value.fix


def test_a_text_that_is_not_utf8_is_to_be_saved_as_utf8(tmp_path):
    (tmp_path / "rows.csv").write_bytes(b"zone,km\nJos\xe9,1\n")
    with pytest.raises(KfError, match="line 2: column `zone`") as caught:
        read_rows(tmp_path / "rows.csv", lambda: TAKEN)
    assert caught.value.fix == "save the file as UTF-8"


@pytest.mark.parametrize(
    ("name", "content", "read"),
    [
        ("a.csv", "id;km\n1;2,5\n", 'pd.read_csv("a.csv", sep=";", decimal=",")'),
        ("a.csv", "\ufeffid;km\r\n1;-2,5\r\n", 'pd.read_csv("a.csv", sep=";", decimal=",")'),
        ("a.csv", "id;km\n1;2.5\n", 'pd.read_csv("a.csv", sep=";")'),
        ("a.csv", "id;km\n", 'pd.read_csv("a.csv", sep=";")'),
        ("a.csv", "id\tnote\n1\tab, 3,4\n", 'pd.read_csv("a.csv", sep="\\t", decimal=",")'),
        ("a.tsv", "id,km\n1,2\n", 'pd.read_csv("a.tsv", sep=",")'),
        ("a.csv", "id,km;m\n1,2\n", None),
        ("a.csv", "km; or m\n1\n", None),
        ("a.csv", "km\n2\n", None),
        ("a.csv", "", None),
        ("a.tsv", "id\tkm;m\n1\t2\n", None),
    ],
)
def test_the_mark_that_cuts_a_csv_is_recognised_with_the_line_that_reads_it(
    tmp_path, name, content, read
):
    path = tmp_path / name
    path.write_text(content, encoding="utf-8", newline="")
    found = files.other_csv(path)
    assert (found and found.read) == read
    if found:
        pd.read_csv(path, sep=found.mark)  # as it is told
        with pytest.raises(DataError) as refused:
            snapshot_files(Blobs(tmp_path / "s"), str(path))
        assert (refused.value.code, read in refused.value.fix) == (1414, True)


def test_a_batch_of_such_files_is_refused_before_it_starts(tmp_path):
    store = Store(tmp_path / "s")
    store.refs.add("model", "km", "a" * 64)
    (tmp_path / "a.csv").write_text("id,km\n1,2\n")
    (tmp_path / "b.csv").write_text("id;km\n1;2,5\n")
    asked = BatchSpec.of(name="km", input=str(tmp_path / "*.csv"), output=str(tmp_path / "out"))
    with pytest.raises(BatchError, match=r"b\.csv is cut by ';'") as refused:
        orders.batch(store, asked)
    assert refused.value.fix.endswith('sep=";", decimal=",").to_parquet("b.parquet")')
