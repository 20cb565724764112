"""The whole way of a batch: a certified transform, a model behind it, files."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from jupyter_kf.blobs import Blobs
from jupyter_kf.errors import BatchError, ModelError
from jupyter_kf.layout import RunFolder
from jupyter_kf.store.datasets import snapshot_frame
from jupyter_kf.worker import fitting
from jupyter_kf.worker.batch import run_batch
from jupyter_kf.worker.batch_write import facts_of
from jupyter_kf.worker.model import SaveContext, load, save, save_from_cell

CELL = """
import pandas as pd

def fit(df):
    return {"mean": float(df["x"].mean()), "codes": sorted(df["code"].dropna().unique().tolist())}

def transform(df, state):
    out = {"x": df["x"].fillna(state["mean"]) * 2.0}
    for code in state["codes"]:
        out["is_" + code] = (df["code"] == code).astype("float64")
    return pd.DataFrame(out, index=df.index)
"""


class Said:
    """A Reporter, and the `kf` of a cell."""

    saved = ()

    def report(self, **_line):
        """Nothing."""


def rows_of(n, seed=0):
    chance = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {"id": np.arange(n), "x": chance.normal(size=n), "code": chance.choice(["001", "01"], n)}
    )
    frame.loc[::17, "x"] = np.nan
    return frame


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    root = tmp_path_factory.mktemp("world")
    blobs, rows = Blobs(root / "store"), rows_of(400)
    late = ((rows.x.fillna(0) > 0) ^ (rows.code == "01")).astype(int)
    dataset = snapshot_frame(blobs, rows[["x", "code"]].assign(late=late)).digest
    folder = RunFolder(root / "fit")
    folder.inputs.mkdir(parents=True)
    folder.cell.write_text(CELL)
    spec = {"target": "late", "split": "0.8/0.2", "split_by": None, "seed": 0, "frame": "pandas"}
    spec |= {"ulp": 0, "batch_only": False, "pickle": []}
    job = {"run": "fit", "name": "prepare", "store": str(root / "store"), "spec": spec}
    made = fitting.run(job | {"dataset": dataset}, folder, Said())
    names: dict = {}
    exec(CELL, names)
    prepared = names["transform"](rows, names["fit"](rows))
    job |= {"dataset": dataset, "transform": made["transform"], "target": "late"}
    return {"job": job, "blobs": blobs, "late": late, "prepared": prepared, "root": root}


@pytest.fixture(scope="module")
def outputs(world):
    """What a train run leaves: the model that its cell called `model`."""
    spec = {"pickle": [], "flavour": None, "ulp": None, "seed": 0}
    model = LogisticRegression().fit(world["prepared"], world["late"])
    job = world["job"] | {"spec": spec}
    return save_from_cell(job, RunFolder(world["root"]), {"model": model}, Said())


def test_a_cells_model_carries_the_transform_that_made_its_rows(world, outputs):
    loaded = load(world["blobs"], outputs["model"])
    assert loaded.manifest["transform"] == world["job"]["transform"]
    assert outputs["golden_rows"] == loaded.prove() and outputs["row_wise"] and loaded.row_wise
    rows = rows_of(50, seed=2)
    want = loaded.predict(rows)
    again = loaded.predict_columns({"code": rows["code"].tolist(), "x": rows["x"].to_numpy()}, 50)
    through = loaded.predict_prepared(loaded.transform.transform(rows))
    for other in (again, through):
        for name, array in want.items():
            np.testing.assert_array_equal(array, other[name])


def test_files_go_through_the_transform_and_say_so(world, outputs, tmp_path):
    (tmp_path / "in").mkdir()
    rows = rows_of(333, seed=5)
    rows.to_csv(tmp_path / "in" / "a.csv", index=False)
    rows.to_parquet(tmp_path / "in" / "b.parquet")
    found = run_batch(batch_job(world, outputs, tmp_path), RunFolder(tmp_path / "run"), Said())
    assert (found["rows"], found["transform"]) == (666, world["job"]["transform"])
    want = load(world["blobs"], outputs["model"]).predict(rows)["probability"][:, 1]
    for name in ("a", "b"):
        path = tmp_path / "out" / f"{name}.parquet"
        got = pd.read_parquet(path)
        np.testing.assert_allclose(got["probability_1"], want, rtol=1e-12)
        facts = facts_of(path)
        assert facts["transform"] == world["job"]["transform"]
        assert facts["model"] == outputs["model"] and len(facts["source"]["sha256"]) == 64


def test_a_column_of_another_type_is_named_with_its_file(world, outputs, tmp_path):
    (tmp_path / "in").mkdir()
    rows_of(20).assign(code=1).to_parquet(tmp_path / "in" / "b.parquet")
    with pytest.raises(BatchError, match=r"b\.parquet, row 1: column `code`") as caught:
        run_batch(batch_job(world, outputs, tmp_path), RunFolder(tmp_path / "run"), Said())
    assert caught.value.code == 2405 and "kf-1311" in caught.value.cause
    assert not list((tmp_path / "out").iterdir())


def batch_job(world, outputs, folder):
    spec = {"input": str(folder / "in" / "*"), "output": str(folder / "out"), "rows": 100}
    spec |= {"keep": ["id"], "format": "parquet", "overwrite": False}
    return world["job"] | {"model": outputs["model"], "spec": spec, "run": "r-1"}


def test_a_model_trained_on_columns_the_transform_does_not_make_is_refused(world):
    more = world["prepared"].assign(twice=world["prepared"].x * 2)
    model = LogisticRegression().fit(more, world["late"])
    with pytest.raises(ModelError, match="`twice`") as caught:
        save(world["blobs"], model, SaveContext(transform=world["job"]["transform"]))
    assert caught.value.code == 2609 and "%%kf transform" in caught.value.fix


def test_a_cell_without_rows_is_told_what_is_missing(world):
    job = world["job"] | {"transform": None, "dataset": None, "target": None, "spec": {}}
    with pytest.raises(ModelError) as caught:
        save_from_cell(job, RunFolder(world["root"]), {"model": LogisticRegression()}, Said())
    assert caught.value.code == 2615


def test_a_cell_that_made_its_own_rows_is_proven_on_them(world):
    job = world["job"] | {"transform": None, "dataset": None, "target": None, "spec": {}}
    rows = np.random.default_rng(0).normal(size=(120, 3))
    model = LogisticRegression().fit(rows, rows[:, 0] > 0)
    names = {"model": model, "X_train": rows}
    made = save_from_cell(job, RunFolder(world["root"]), names, Said())
    loaded = load(world["blobs"], made["model"])
    assert list(loaded.columns) == ["x0", "x1", "x2"]
    got = loaded.predict({"x0": [1.0], "x1": [0.0], "x2": [0.0]})
    assert got["prediction"].tolist() == [True]
