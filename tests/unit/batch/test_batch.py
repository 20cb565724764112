"""Whole files through a model: read in pieces, written whole, resumed, and refused with reasons."""

import json
import shutil

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder
from sklearn.tree import DecisionTreeClassifier

from jupyter_kf.blobs import Blobs
from jupyter_kf.errors import BatchError, DataError, ModelError, ParityError
from jupyter_kf.layout import RunFolder
from jupyter_kf.worker.batch import run_batch
from jupyter_kf.worker.batch_write import facts_of
from jupyter_kf.worker.model import SaveContext, load, save
from jupyter_kf.worker.tables import to_table


class Said:
    """A Reporter that remembers."""

    def __init__(self):
        self.lines = []

    def report(self, **line):
        self.lines.append(line)


def rows_of(n, seed=0):
    chance = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "id": np.arange(n),
            "x": chance.normal(size=n),
            "code": chance.choice(["001", "01", "NO", "é"], n),
        }
    )


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A store with a model of text and numbers, and its digest."""
    store = tmp_path_factory.mktemp("store")
    rows = rows_of(500)[["x", "code"]]
    encode = ColumnTransformer([("c", OrdinalEncoder(), ["code"])], remainder="passthrough")
    tree = make_pipeline(encode, DecisionTreeClassifier(max_depth=6, random_state=0))
    answers = np.where((rows.x > 0) ^ (rows.code == "001"), "late", "in time")
    blobs = Blobs(store)
    digest = save(blobs, tree.fit(rows, answers), SaveContext(rows=to_table(rows)))
    other = save(blobs, tree.fit(rows, answers[::-1]), SaveContext(rows=to_table(rows)))
    return {"store": store, "model": digest, "other": other, "loaded": load(blobs, digest)}


@pytest.fixture
def ask(world, tmp_path):
    """Runs a batch over ``in/`` below a folder of the test's own; returns outputs and reports."""
    (tmp_path / "in").mkdir()

    def run(pattern="in/*", said=None, model=world["model"], store=world["store"], **spec):
        fields = {"rows": 100, "keep": (), "format": "parquet", "overwrite": False} | spec
        fields |= {"input": str(tmp_path / pattern), "output": str(tmp_path / "out")}
        job = {"run": "r-1", "store": str(store), "model": model, "spec": fields}
        return run_batch(job, RunFolder(tmp_path / "run"), said or Said())

    return run


def write(rows, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        rows.to_parquet(path, index=False)
    elif path.suffix in (".csv", ".tsv"):
        rows.to_csv(path, index=False, sep="\t" if path.suffix == ".tsv" else ",")
    elif path.suffix == ".arrows":
        table = pa.Table.from_pandas(rows)
        with pa.ipc.new_stream(path, table.schema) as writer:
            writer.write_table(table, max_chunksize=37)
    else:
        table = pa.Table.from_pandas(rows)
        with pa.ipc.new_file(path, table.schema) as writer:
            writer.write_table(table, max_chunksize=37)


@pytest.mark.parametrize(
    "name", ["a.parquet", "a.csv", "a.tsv", "a.arrow", "a.feather", "a.ipc", "a.arrows"]
)
@pytest.mark.parametrize("form", ["parquet", "csv", "arrow"])
def test_every_format_gives_the_predictions_of_the_whole_table(ask, world, tmp_path, name, form):
    rows = rows_of(433, seed=3)
    write(rows, tmp_path / "in" / name)
    outputs = ask(format=form, keep=("id", "code"))
    assert (outputs["files"], outputs["skipped"], outputs["rows"]) == (1, 0, 433)
    path = tmp_path / "out" / f"a.{form}"
    if form == "parquet":
        got = pd.read_parquet(path)
    elif form == "arrow":
        got = pa.ipc.open_file(path).read_pandas()
    else:
        got = pd.read_csv(path, dtype={"code": str}, keep_default_na=False)
    want = world["loaded"].predict(rows)
    assert list(got) == [
        "id", "code", "prediction", "probability_in time", "probability_late",
    ]  # fmt: skip
    assert got["prediction"].tolist() == want["prediction"].tolist()
    assert got["probability_late"].to_numpy().tolist() == want["probability"][:, 1].tolist()
    assert got["code"].tolist() == rows["code"].tolist(), '"001" is no number'
    facts = facts_of(path)
    assert facts["model"] == world["model"] and facts["source"]["name"] == name


def test_large_row_groups_and_small_pieces_are_cut_to_the_asked_rows(
    ask, world, tmp_path, monkeypatch
):
    seen = []
    real = type(world["loaded"]).predict
    monkeypatch.setattr(
        "jupyter_kf.worker.loaded.LoadedModel.predict",
        lambda self, rows: seen.append(len(rows)) or real(self, rows),
    )
    table = pa.Table.from_pandas(rows_of(1050))
    pq.write_table(table, tmp_path / "in" / "a.parquet", row_group_size=1000)
    write(rows_of(150), tmp_path / "in" / "b.arrow")
    ask()
    _golden, *pieces = seen
    assert pieces == [100] * 10 + [50] + [100, 50]


def test_the_tree_of_folders_is_kept_and_equal_names_do_not_collide(ask, tmp_path):
    for name in ("x/a.parquet", "y/a.parquet", "y/a.csv", "b.parquet"):
        write(rows_of(5), tmp_path / "in" / name)
    ask("in/**/*.*")
    found = sorted(
        p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*.parquet")
    )
    assert found == ["b.parquet", "x/a.parquet", "y/a.csv.parquet", "y/a.parquet.parquet"]


def test_finished_files_are_skipped_and_changed_ones_are_done_again(ask, tmp_path):
    for name in ("a.parquet", "b.parquet"):
        write(rows_of(5), tmp_path / "in" / name)
    assert ask()["files"] == 2
    stamp = (tmp_path / "out" / "a.parquet").stat().st_mtime_ns
    again = ask()
    assert (again["files"], again["skipped"], again["rows"]) == (0, 2, 0)
    shutil.copy(tmp_path / "in" / "a.parquet", tmp_path / "in" / "copy")
    (tmp_path / "in" / "copy").replace(tmp_path / "in" / "a.parquet")  # same bytes, another time
    assert ask()["skipped"] == 2
    write(rows_of(6), tmp_path / "in" / "b.parquet")
    assert (ask()["files"], pq.read_metadata(tmp_path / "out" / "b.parquet").num_rows) == (1, 6)
    assert (tmp_path / "out" / "a.parquet").stat().st_mtime_ns == stamp
    assert ask(keep=("id",))["files"] == 2, "other columns are another result"


@pytest.mark.parametrize("form", ["parquet", "csv", "arrow"])
def test_results_of_another_model_are_not_replaced_unasked(ask, world, tmp_path, form):
    write(rows_of(5), tmp_path / "in" / "a.parquet")
    ask(format=form)
    with pytest.raises(BatchError, match=world["model"][:12]) as caught:
        ask(format=form, model=world["other"])
    assert caught.value.code == 2406 and "--overwrite" in caught.value.fix
    assert ask(format=form, model=world["other"], overwrite=True)["files"] == 1
    assert facts_of(tmp_path / "out" / f"a.{form}")["model"] == world["other"]


def test_a_file_that_no_batch_made_is_not_replaced(ask, tmp_path):
    write(rows_of(5), tmp_path / "in" / "a.parquet")
    write(rows_of(5), tmp_path / "out" / "a.parquet")
    with pytest.raises(BatchError, match="something else than a batch"):
        ask()


def test_a_csv_result_that_was_edited_is_not_taken_for_ours(ask, tmp_path):
    write(rows_of(5), tmp_path / "in" / "a.parquet")
    ask(format="csv")
    facts = json.loads((tmp_path / "out" / "a.csv.json").read_text())
    assert facts["run"] == "r-1"
    with (tmp_path / "out" / "a.csv").open("a") as stream:
        stream.write("late,0,1\n")
    with pytest.raises(BatchError) as caught:
        ask(format="csv")
    assert caught.value.code == 2406


def test_results_below_the_glob_are_not_read_as_inputs(ask, tmp_path):
    write(rows_of(5), tmp_path / "in" / "a.parquet")
    assert ask("**/*.parquet")["files"] == 1
    assert ask("**/*.parquet")["skipped"] == 1


@pytest.mark.parametrize("form", ["parquet", "csv", "arrow"])
@pytest.mark.parametrize("name", ["a.parquet", "a.csv", "a.arrow", "a.arrows"])
def test_a_file_of_no_rows_gives_a_file_of_no_rows(ask, tmp_path, name, form):
    write(rows_of(5).head(0).astype({"code": "str"}), tmp_path / "in" / name)
    assert ask(format=form)["rows"] == 0
    path = tmp_path / "out" / f"a.{form}"
    if form == "csv":
        assert path.read_text().strip() == '"prediction","probability_in time","probability_late"'
    else:
        read = pq.read_table if form == "parquet" else lambda p: pa.ipc.open_file(p).read_all()
        assert read(path).schema.names == [
            "prediction", "probability_in time", "probability_late",
        ]  # fmt: skip


def test_an_empty_glob_says_where_it_looked(ask, tmp_path):
    with pytest.raises(DataError, match="no file matches") as caught:
        ask("in/*.parquet")
    assert caught.value.code == 1412 and str(tmp_path / "in") in caught.value.cause
    with pytest.raises(DataError) as caught:
        ask("in")
    assert "/in/*.parquet" in caught.value.fix


def test_a_file_of_another_format_is_named(ask, tmp_path):
    (tmp_path / "in" / "notes.txt").write_text("hello")
    with pytest.raises(DataError, match=r"notes\.txt") as caught:
        ask()
    assert caught.value.code == 1413


@pytest.mark.parametrize("name", ["a.parquet", "a.csv", "a.arrow", "a.arrows"])
def test_a_missing_column_is_named_with_its_file(ask, tmp_path, name):
    write(rows_of(5).rename(columns={"x": "X"}), tmp_path / "in" / name)
    with pytest.raises(BatchError, match=f"{name} has no column `x`") as caught:
        ask()
    assert caught.value.code == 2403
    assert not list((tmp_path / "out").rglob("*"))


def test_a_kept_column_that_is_missing_or_has_a_predictions_name_is_refused(ask, tmp_path):
    write(rows_of(5), tmp_path / "in" / "a.parquet")
    with pytest.raises(BatchError, match="`idd`") as caught:
        ask(keep=("idd",))
    assert caught.value.code == 2403 and "did you mean `id`" in caught.value.cause
    with pytest.raises(BatchError) as caught:
        ask(keep=("prediction",))
    assert caught.value.code == 2408


def test_a_bad_csv_value_is_named_by_file_line_and_column(ask, tmp_path):
    write(rows_of(300), tmp_path / "in" / "a.csv")
    lines = (tmp_path / "in" / "a.csv").read_text().splitlines()
    lines[250] = "249,half,001"
    (tmp_path / "in" / "a.csv").write_text("\n".join(lines) + "\n")
    with pytest.raises(BatchError, match=r"a\.csv, line 251: column `x`") as caught:
        ask()
    assert caught.value.code == 2410 and "'half'" in caught.value.cause
    assert not list((tmp_path / "out").rglob("*"))


def test_a_row_that_the_model_refuses_is_found_among_many(ask, tmp_path):
    rows = rows_of(450)
    rows.loc[333, "code"] = "never seen"
    write(rows_of(20), tmp_path / "in" / "a.parquet")
    write(rows, tmp_path / "in" / "b.parquet")
    with pytest.raises(BatchError, match=r"b\.parquet, row 334: .*never seen") as caught:
        ask()
    assert caught.value.code == 2405
    found = [path.name for path in (tmp_path / "out").iterdir()]
    assert found == ["a.parquet"], "what was finished stays, and nothing half-written is left"


@pytest.mark.parametrize("name", ["a.parquet", "a.arrow", "a.arrows", "a.csv"])
def test_half_a_file_is_refused(ask, tmp_path, name):
    path = tmp_path / "in" / name
    write(rows_of(400), path)
    path.write_bytes(path.read_bytes()[:-9] if name != "a.csv" else b"id,x,code\n1,2\n")
    with pytest.raises(BatchError) as caught:
        ask()
    assert caught.value.code == 2404 and name in caught.value.what
    assert not list((tmp_path / "out").rglob("*.parquet"))


def test_what_a_killed_batch_left_is_written_over(ask, tmp_path):
    write(rows_of(5), tmp_path / "in" / "a.parquet")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / ".a.parquet.partial").write_bytes(b"half")
    ask()
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.parquet"]


def test_two_batches_do_not_write_one_file(ask, tmp_path):
    import fcntl

    write(rows_of(5), tmp_path / "in" / "a.parquet")
    (tmp_path / "out").mkdir()
    with (tmp_path / "out" / ".a.parquet.partial").open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(BatchError) as caught:
            ask()
    assert caught.value.code == 2409


def test_an_output_that_is_a_file_is_refused(ask, tmp_path):
    write(rows_of(5), tmp_path / "in" / "a.parquet")
    (tmp_path / "out").write_text("mine")
    with pytest.raises(BatchError) as caught:
        ask()
    assert caught.value.code == 2411


def test_progress_ends_at_one_with_nothing_remaining(ask, tmp_path):
    said = Said()
    for name in ("a.parquet", "b.csv", "c.arrows"):
        write(rows_of(1000), tmp_path / "in" / name)
    ask(said=said)
    shares = [line["progress"] for line in said.lines]
    assert shares == sorted(shares) and shares[-1] == 1.0
    assert said.lines[-1]["remaining_s"] == 0.0
    counts = [line["rows"] for line in said.lines if "rows" in line]
    assert counts == sorted(set(counts)) and counts[-1] == 3000  # none is said twice


class Share(RegressorMixin, BaseEstimator):
    """Each row's share of its batch: a prediction that depends on the others."""

    def fit(self, X, y):
        self.sum_ = float(X.x.sum())
        return self

    def predict(self, X):
        return (X.x / X.x.sum()).to_numpy()


def test_a_batch_dependent_model_gets_whole_files_or_none(ask, world, tmp_path):
    rows = rows_of(300)[["x"]] ** 2
    model = save(
        Blobs(world["store"]),
        Share().fit(rows, rows.x),
        SaveContext(rows=to_table(rows), pickle=True),
    )
    write(rows_of(150), tmp_path / "in" / "a.parquet")
    with pytest.raises(BatchError, match="more than 100 rows") as caught:
        ask(model=model)
    assert caught.value.code == 2407 and "--rows" in caught.value.fix
    assert ask(model=model, rows=150)["rows"] == 150


def test_a_model_that_does_not_predict_as_it_did_predicts_nothing(ask, world, tmp_path):
    blobs = Blobs(world["store"])
    manifest = blobs.get_json(world["model"])
    wrong = blobs.get_json(world["other"])["golden"]
    digest = blobs.put_json(
        manifest | {"golden": manifest["golden"] | {"outputs": wrong["outputs"]}}
    )
    write(rows_of(5), tmp_path / "in" / "a.parquet")
    with pytest.raises(ParityError) as caught:
        ask(model=digest)
    assert caught.value.code == 2161
    assert not (tmp_path / "out").exists()
    with pytest.raises(ModelError):
        ask(model=blobs.put_json({"type": "dataset"}))
